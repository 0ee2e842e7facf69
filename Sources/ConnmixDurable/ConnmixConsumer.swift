internal import CoreMetrics
internal import Glibc
public import Logging
internal import NIOCore
public import ServiceLifecycle
internal import Tracing

/// The reliable consumer: pops connmix queues, journals each message in SQLite before it is handled, and sends the handlers'
/// commands from an outbox until the engine answers.
///
/// Run it once, in a `ServiceGroup` or in a task of your own. A graceful shutdown stops taking messages, finishes what is in
/// hand, empties the outbox, and gives the file free; cancelling the task stops at once. Nothing is lost either way. Everything else of it may
/// be used from any task.
///
/// ```swift
/// let consumer = ConnmixConsumer(configuration: .init(topics: ["chat"])) { message, context in
///     try context.meshSend(to: message.client, "received: \(message.text ?? "")")
/// }
/// try await consumer.run()
/// ```
public final class ConnmixConsumer: Service {
    private enum Phase {
        case new
        case running(ConsumerCore)
        case ended
    }

    /// The version of the library, `major.minor.patch`. It is kept with each run. No type is called as the module is: names of it could not be
    /// qualified then.
    public static let version = LibraryVersion.text

    /// What happens to the consumer and its connections. The newest 1,024 events are kept for a slow reader; one reader.
    ///
    /// It ends with `run`. Read it beside `run` in one task group: as a service of its own it would end before the group expects it to.
    public let events: AsyncStream<ConsumerEvent>

    private let configuration: ConsumerConfiguration
    private let handlers: Handlers
    private let logger: Logger
    private let machinery: Machinery
    private let eventsContinuation: AsyncStream<ConsumerEvent>.Continuation
    private let phase = Locked(Phase.new)
    private let wasRun = Locked(false)

    /// A consumer with handlers for its topics. Nothing happens before `run`.
    public convenience init(
        configuration: ConsumerConfiguration, handlers: Handlers, logger: Logger = Logger(label: "connmix-durable")
    ) {
        self.init(configuration: configuration, handlers: handlers, logger: logger, machinery: .threads)
    }

    /// A consumer that runs on something else than this machine's threads and sockets.
    package init(configuration: ConsumerConfiguration, handlers: Handlers, logger: Logger, machinery: Machinery) {
        self.configuration = configuration
        self.handlers = handlers
        self.logger = logger
        self.machinery = machinery
        (events, eventsContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1_024))
    }

    /// A consumer with one handler for all its topics. Nothing happens before `run`.
    public convenience init(
        configuration: ConsumerConfiguration, logger: Logger = Logger(label: "connmix-durable"),
        handler: @escaping MessageHandler
    ) {
        self.init(configuration: configuration, handlers: Handlers(all: handler), logger: logger)
    }

    /// The outbox, for code outside handlers, on any thread. Usable while the consumer runs; before and after it throws `stopped`.
    public var outbox: Outbox {
        Outbox { [self] in try runningCore() }
    }

    /// - Throws: `stopped`.
    func runningCore() throws -> ConsumerCore {
        try phase.withLock { phase in
            switch phase {
            case .running(let core): return core
            case .new: throw ConnmixError(.stopped, "the consumer does not run yet; call run() first")
            case .ended: throw ConnmixError(.stopped, "the consumer is stopped; nothing was accepted")
            }
        }
    }

    /// Whether messages are taken now: at least one node is being consumed, and neither the disk, a limit nor an operator's pause of intake
    /// stands against it; a pause of handling alone does not. What `/ready` of the command line says. Any thread may ask.
    public var isReady: Bool { standing.obstacle == nil }

    /// How it stands now: what its events say in the end, whoever reads them.
    package var standing: ConsumerStanding {
        phase.withLock { phase in
            switch phase {
            case .new: ConsumerStanding()
            case .running(let core): core.standing
            case .ended: ConsumerStanding(hasEnded: true)
            }
        }
    }

    /// Returns once all that a message goes through has answered; where the disk hangs, when the task is cancelled.
    ///
    /// - Returns: false where the consumer does not run, or the task was cancelled first.
    package func signOfLife() async -> Bool {
        guard let core = try? runningCore() else { return false }
        return await core.signOfLife()
    }

    /// Consumes until a graceful shutdown or the task's cancellation. A consumer runs once.
    ///
    /// It may be called on any actor, and holds none: the file is opened on a thread of its own.
    ///
    /// - Throws: `invalidConfiguration`, also where it has run before; `busy` where another consumer owns the file; what keeps the file
    ///   from being opened (`foreignDatabase`, `newerDatabase`, `noPermission`, …); `corrupt` where somebody else changed its rows;
    ///   `fileLost` where the file or its lock was removed or replaced while it ran; `inputOutput` where it was stopped while messages
    ///   could not be written, which says how many. Troubles of the network and a full disk are not thrown: they are waited out.
    @concurrent public func run() async throws {
        let isFirst = wasRun.withLock { wasRun in
            defer { wasRun = true }
            return !wasRun
        }
        guard isFirst else {
            throw ConnmixError(.invalidConfiguration, "a consumer runs once; make another one")
        }
        defer {
            phase.withLock { $0 = .ended }
            eventsContinuation.finish()
        }
        let centers = try configuration.validate()
        let tls = centers.contains(where: \.isSecure) ? try TLSClient(configuration.tls) : nil
        try handlers.check(configuration.topics)
        let metrics = ConsumerMetrics(configuration.metrics ?? MetricsSystem.factory)
        let store = try await open(metrics)
        var closing = machinery.closing
        do {
            try await consume(store, clusterSettings(centers, tls), metrics, &closing)
        } catch {
            await store.close(within: closing)
            throw error
        }
        guard await store.close(within: closing) else {
            throw ConnmixError(
                .inputOutput,
                "the disk did not answer for \(closing?.text ?? "long") when \(store.path) was to be closed; what is committed is not lost; check the disk"
            )
        }
    }

    // MARK: -

    /// Taking the file over may wait for seconds, and bringing it up to date takes as long as it takes.
    private func open(_ metrics: ConsumerMetrics) async throws -> Store {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try machinery.aside { [self] in continuation.resume(with: Result { try openStore(metrics) }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private func openStore(_ metrics: ConsumerMetrics) throws -> Store {
        try Store(
            path: configuration.database, synchronous: configuration.synchronous,
            group: try configuration.fileGroup.map { try FileGroup($0) }, thread: machinery.thread(),
            onTrouble: { [logger] error in
                // Lost files were told of, and end the run.
                guard error.code != .fileLost else { return }
                logger.error("checkpoint failed", metadata: .facts([(.error, error.message)]))
            },
            onLog: { [logger, eventsContinuation] news, bytes, why in
                metrics.observe(logBytes: bytes)
                guard let news else { return }
                let event = ConsumerEvent(news, why: why)
                logger.log(event)
                eventsContinuation.yield(event)
            })
    }

    /// - Parameter closing: how long the end of the file's use is awaited; less where the disk has been awaited in vain already.
    private func consume(
        _ store: Store, _ settings: Cluster.Settings, _ metrics: ConsumerMetrics, _ closing: inout Duration?
    ) async throws {
        let start = try await beginRun(store)
        let live = try store.beginAccount(
            run: start.run, handlers: configuration.handlersAreProcesses ? 0 : configuration.concurrency)
        let (loop, endLoop) = machinery.loop()
        let core = makeCore(
            start, live, centers: settings.centers.map(\.description), store: store, metrics: metrics, loop: loop)
        let cluster = Cluster(settings: settings, loop: loop, delegate: core)
        if let newest = start.newestTime, newest - Clock.now() > ClockWatch.least { core.clockIsBehind(newest) }
        let endWatch = machinery.watch { core.watchFiles() }
        phase.withLock { $0 = .running(core) }
        let end = await Supervision(
            core: core, cluster: cluster, attempt: attempt(store.reading), configuration: configuration, logger: logger
        ).run()
        let failure = end.failure ?? core.fatalError
        phase.withLock { $0 = .ended }
        await core.close()
        endWatch()
        let left = core.atRisk
        let isStuck = core.isStandingStill
        if isStuck { closing = closing.map { min($0, .seconds(1)) } }
        let loss = (failure as? ConnmixError)?.code == .fileLost ? core.fileLoss : nil
        // Where everything may be written it is in the file now, and whoever waits for the end of this run need not wait longer.
        let isInOrder = loss.map { $0.remedy == .everything } ?? (failure == nil)
        do {
            if left == 0, isInOrder, end.isFlushed {
                try await store.writer.write(within: closing) { try CommitAccount(core: core).writeEnd($0) }
                live.end()
            }
        } catch {
            // The run counts as unclean then, which is what it was; and a disk that did not answer is not awaited for as long once more.
            closing = closing.map { min($0, .seconds(1)) }
            logger.error("the end of the run could not be written", metadata: .facts([(.error, "\(error)")]))
        }
        try await endLoop()
        if let loss { throw loss.error(store.path, left: left) }
        let lost =
            isStuck
            ? "\(left) messages may not be in \(store.path): the disk did not answer when they were written"
            : "\(left) messages could not be written to \(store.path) and are lost"
        switch failure {
        case let failure as ConnmixError where left > 0: throw ConnmixError(failure.code, "\(failure.message); \(lost)")
        case let failure?: throw failure
        case nil where left > 0: throw ConnmixError(.inputOutput, lost)
        case nil: break
        }
    }

    private func attempt(_ reading: ReadingPool) -> Attempt {
        Attempt(handlers: handlers, configuration: configuration, reading: reading)
    }

    private func beginRun(_ store: Store) async throws -> RunStart {
        let account = store.lastAccount()
        let attempts = handlers.options.compactMapValues { $0.retry?.maxAttempts }
        let start = try await store.writer.write { [configuration] transaction in
            try RunStart(transaction, pid: getpid(), configuration: configuration, attempts: attempts, account: account)
        }
        let suspects = start.recovery.suspects + start.recovery.buried
        if suspects > 0 {
            logger.notice(
                "the last run ended uncleanly; what its handlers had in hand is handled one at a time",
                metadata: .facts([(.run, "\(start.run)"), (.entries, "\(suspects)")]))
        }
        return start
    }

    private func makeCore(
        _ start: RunStart, _ live: LiveAccount, centers: [String], store: Store, metrics: ConsumerMetrics, loop: any EventLoop
    ) -> ConsumerCore {
        let capacity = configuration.windowCapacity
        var dispatcher = Dispatcher(
            concurrency: configuration.concurrency, windowCapacity: capacity, windowBytes: configuration.windowBytes,
            lanes: configuration.lanes, topicLimits: handlers.options.compactMapValues(\.concurrency),
            probeAfter: configuration.probeAfter)
        dispatcher.setParked(start.parked)
        let core = ConsumerCore(
            run: start.run, writer: store.writer,
            schedule: CommitSchedule(delay: configuration.commitDelay.microseconds), patience: machinery.patience, loop: loop,
            limits: Intake.Limits(hard: .init(messages: configuration.atRiskLimit, bytes: configuration.atRiskBytes)),
            dispatcher: dispatcher,
            relay: Relay(
                policy: configuration.commandRetry, nodeGrace: configuration.nodeGrace,
                replyTimeout: configuration.replyTimeout, windowCapacity: capacity,
                windowBytes: configuration.windowBytes, laneWindow: configuration.laneWindow),
            judge: attempt(store.reading).judge, lanes: configuration.lanes, dedupe: configuration.dedupe,
            acknowledge: configuration.acknowledge, retention: configuration.retention.withoutZeros, seenChanges: start.changes,
            losses: start.losses,
            gauge: FileGauge(
                limits: .init(
                    backlog: configuration.backlogLimit.map { Int64($0) }, headroom: Int64(configuration.diskHeadroom))),
            freeBytes: { [file = store.file] in file.freeBytes() },
            lookAtFiles: { [files = store.files] in files.loss() }, onVoid: { [store] in store.forbidCheckpoints() },
            database: store.path, metrics: metrics,
            spans: ConsumerSpans(configuration.tracer ?? InstrumentationSystem.tracer),
            live: live,
            hands: Hands(
                slots: configuration.concurrency, count: configuration.processes, patience: machinery.handlerPatience),
            topics: configuration.topics, centers: centers, handlers: configuration.handlerStanding,
            onEvent: { [logger, eventsContinuation, store] event in
                switch event {
                case .paused(let reason): store.show(paused: reason)
                case .resumed: store.show(paused: nil)
                case .nodeAdded, .nodeRemoved, .nodeReplaced, .nodeConnected, .nodeDisconnected, .nodeUnreachable, .nodeByHTTP,
                    .nodeConsuming, .nodeNotConsuming, .centerTrouble, .unknownFrame, .unreadableMessage, .repeated,
                    .notAcknowledged, .handlerFailed, .commandDead, .commandExpired, .commandUnknown, .topicPaused, .topicResumed,
                    .topicProbed,
                    .topicRecovered, .handlersHeld, .clockJumped, .logGrown, .logShrunk, .pruneFailed, .fileLost:
                    break
                }
                logger.log(event)
                eventsContinuation.yield(event)
            })
        core.adopt(start.pauses)
        return core
    }

    private func clusterSettings(_ centers: [CenterAddress], _ tls: TLSClient?) -> Cluster.Settings {
        Cluster.Settings(
            centers: centers, tls: tls, rewriting: AddressRewriting(rewrite: configuration.rewriteAddress),
            machine: ClusterMachine.Settings(
                refreshInterval: configuration.directoryRefresh, backoffBase: configuration.backoffBase,
                backoffCap: configuration.backoffCap, httpFallback: configuration.httpFallback),
            connection: NodeConnectionMachine.Settings(
                topics: configuration.topics, replyTimeout: configuration.replyTimeout,
                pingInterval: configuration.pingInterval),
            connectTimeout: configuration.connectTimeout)
    }
}
