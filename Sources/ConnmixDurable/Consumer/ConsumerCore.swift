internal import NIOCore

/// Where the two halves meet: what nodes bring goes to the writer, what is committed goes to handlers and nodes.
///
/// Decisions are in `Intake`, `Dispatcher`, `Relay` and `CommitSchedule`; this class feeds them and performs what they decide after
/// the lock is released. It has three locks, for what is read (`intake`), for what is lost (`losses`) and for all else (`state`);
/// none is taken while another one is held. A fourth (`announcing`) only keeps what is told of pauses in order, and is taken first. Called from event loops, the writer thread and handler tasks; it blocks none of them.
final class ConsumerCore: Sendable {
    struct State: Sendable {
        var dispatcher: Dispatcher
        var relay: Relay
        /// What the relay has decided and no connection has yet.
        var departures = Departures<SendBatch>()
        var outcomes: [HandlerOutcome] = []
        var enqueues: [CommitWork.Enqueue] = []
        /// Those that a commit has taken which has not ended, by number.
        var takenEnqueues: [Int: CommitWork.Enqueue] = [:]
        var nextEnqueue = 0
        var changes: [Relay.Change] = []
        var receipts = Receipts()
        var connections: [String: NodeConnection] = [:]
        /// Nodes that take mesh commands by HTTP, while there is no connection.
        var httpRoutes: [String: HTTPRoute] = [:]
        var nodes: [NodeIdentity: NodeState] = [:]
        /// Why the centers name no nodes, while they do not.
        var centerTrouble: StatusReport.CenterTrouble?
        var handlerWatch = HandlerWatch()
        var idleWorkers: [CheckedContinuation<Dispatcher.Job?, Never>] = []
        var schedule: CommitSchedule
        var standstill: Standstill
        var timer: Scheduled<Void>?
        var gauge: FileGauge
        /// The reason of the pause that was told of last.
        var announcedPause: String?
        /// What operators have paused.
        var pauses: [TopicPause] = []
        /// What has become of topics and nobody was told of yet.
        var topicNews: [ConsumerEvent] = []
        var isClosed = false
        /// By the steady clock.
        var accountedAt: Int64 = 0
        var accountedAtRisk = 0
        var accountedHighWater = 0
        var accountedWaiting: [StatusReport.Waiting] = []
        var accountedTrouble: StatusReport.HandlerTrouble?
        var accountedHeld: StatusReport.Held?
        var accountIsStale = true
        /// Rows have changed since they were counted for the gauges.
        var countsAreStale = false
        var failure: (any Error)?
        /// What has happened to the files. It is never taken back.
        var fileLoss: FileLoss?
        var watchers: [Watcher] = []
        var nextWatcher = 0
        var pruner: Pruner
        var expiryLookAt: Int64 = 0
        /// By the steady clock: nothing old is deleted before.
        var pruneAt: Int64 = 0
        /// By the steady clock: deleting failed, and nothing is deleted before.
        var pruneFailedUntil: Int64 = 0
        var clockWatch = ClockWatch()
        /// What is to be brought to a clock that was set back.
        var clockWalk: ClockWalk?
        var clockWalks = 0
        /// By how much the clock is ahead of what it was when deleting by age began to rest, in microseconds.
        var clockLead: Int64 = 0
        /// By how much the clock was set and nobody was told of yet, in microseconds.
        var clockJump: Int64 = 0
        /// The file was changed by this process beneath what is in memory.
        var mustLookAgain = false
        /// What others had changed when the file was last looked at for it.
        var seenChanges: ChangeMark.Versions

        /// Who waits for what the next commit brings.
        var commitWaiter: CommitSchedule.Waiter {
            if dispatcher.isStopping || !enqueues.isEmpty { return .caller }
            return idleWorkers.isEmpty ? .nobody : .handler
        }
        /// Why commits fail or do not come back, while they do so.
        var trouble: ConnmixError? { schedule.trouble?.error ?? schedule.standstill }
    }

    /// Commands for one node, in their order.
    struct SendBatch: Sendable {
        let route: any CommandRoute
        let commands: [(id: Int64, command: Command)]
    }

    /// Somebody who waits for a state of the consumer.
    struct Watcher: Sendable {
        let number: Int
        let condition: @Sendable (borrowing State) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    let run: Int64
    /// For words.
    let database: String
    let judge: Judge
    let lanes: Lanes
    let dedupe: Dedupe?
    let acknowledge: Acknowledgement?
    let writer: Writer
    let loop: any EventLoop
    let intake: Locked<Intake>
    let losses: Locked<LossLedger>
    let state: Locked<State>
    let announcing = Locked(())
    let metrics: ConsumerMetrics
    let spans: ConsumerSpans
    /// What this run says of itself without a commit.
    let live: LiveAccount
    /// What is in handlers, and since when.
    let hands: Hands
    let usersCode = UsersCode()
    let topics: [String]
    /// Without user and password.
    let centers: [String]
    /// What is known of handlers that run elsewhere.
    let handlers: HandlerStanding?
    /// Bytes that may still be written to the file's disk, where it says.
    let freeBytes: @Sendable () -> Int64?
    /// Whether the files' names still lead to what is open. A few microseconds.
    let lookAtFiles: @Sendable () -> FileLoss?
    /// Nothing may be moved from the log to the file any more.
    let onVoid: @Sendable () -> Void
    private let tell: @Sendable (ConsumerEvent) -> Void

    init(
        run: Int64, writer: Writer, schedule: CommitSchedule, patience: Duration, loop: any EventLoop, limits: Intake.Limits,
        dispatcher: Dispatcher,
        relay: Relay,
        judge: Judge, lanes: Lanes, dedupe: Dedupe?, acknowledge: Acknowledgement?, retention: Retention,
        seenChanges: ChangeMark.Versions, losses: LossLedger, gauge: FileGauge, freeBytes: @escaping @Sendable () -> Int64?,
        lookAtFiles: @escaping @Sendable () -> FileLoss?, onVoid: @escaping @Sendable () -> Void, database: String,
        metrics: ConsumerMetrics, spans: ConsumerSpans, live: LiveAccount, hands: Hands, topics: [String], centers: [String],
        handlers: HandlerStanding?,
        onEvent: @escaping @Sendable (ConsumerEvent) -> Void
    ) {
        self.metrics = metrics
        self.spans = spans
        self.live = live
        self.hands = hands
        self.centers = centers
        self.topics = topics
        self.handlers = handlers
        self.run = run
        self.judge = judge
        self.lanes = lanes
        self.dedupe = dedupe
        self.acknowledge = acknowledge
        self.writer = writer
        self.loop = loop
        self.freeBytes = freeBytes
        self.lookAtFiles = lookAtFiles
        self.onVoid = onVoid
        self.database = database
        tell = onEvent
        intake = Locked(Intake(limits: limits))
        self.losses = Locked(losses)
        state = Locked(
            State(
                dispatcher: dispatcher, relay: relay, schedule: schedule, standstill: Standstill(patience: patience),
                gauge: gauge,
                pruner: Pruner(retention), seenChanges: seenChanges))
    }

    func onEvent(_ event: ConsumerEvent) {
        metrics.happened(event)
        tell(event)
    }

    /// Loads what the file holds and begins. Nothing is taken before the file was looked at.
    func start() {
        apply(changeIntake { $0.hold(.starting) })
        if state.withLock({ requestCommit(&$0, now: time(&$0)) }) { submitCommit() }
    }

    /// The next entry to handle; `nil` once the consumer stops.
    func nextJob() async -> Dispatcher.Job? {
        await withCheckedContinuation { continuation in
            var job: Dispatcher.Job?
            let (isAnswered, mustCommit) = state.withLock { state in
                guard !state.dispatcher.isStopping else { return (true, false) }
                let now = time(&state)
                job = state.dispatcher.nextJob(now: now)
                guard job == nil else { return (true, false) }
                state.idleWorkers.append(continuation)
                return (false, perform(state.schedule.idled(now: now), &state, now: now))
            }
            if mustCommit { submitCommit() }
            if isAnswered { continuation.resume(returning: job) }
        }
    }

    /// Takes an outcome, and answers with the next entry to handle, if one is ready.
    func ended(_ outcome: HandlerOutcome) -> Dispatcher.Job? {
        let (job, mustCommit) = state.withLock { state in
            let now = time(&state)
            let outcome = outcome.isOpen ? outcome : weighed(outcome, &state, now: now)
            state.outcomes.append(outcome)
            if case .released = outcome.result {
                release(state.dispatcher.interrupted(outcome.id), &state)
            } else {
                state.dispatcher.ended(outcome.id, isCertain: outcome.isCertain)
            }
            let job = state.dispatcher.nextJob(now: now)
            let step = state.schedule.ended(isSuccess: outcome.isCertain, for: state.commitWaiter, now: now)
            return (job, perform(step, &state, now: now))
        }
        if mustCommit { submitCommit() }
        return job
    }

    // MARK: Commands from outside handlers

    /// - Returns: a receipt for each, once they are committed together.
    /// - Throws: `CancellationError` where the task is cancelled before a commit took them: nothing of them is written then.
    func enqueue(_ commands: [Command]) async throws -> [Receipt] {
        let number = state.withLock { state in
            state.nextEnqueue += 1
            return state.nextEnqueue
        }
        let receipts = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let waiting = Locked<CheckedContinuation<[Receipt], any Error>?>(continuation)
                let enqueue = CommitWork.Enqueue(number: number, commands: commands) { result in
                    waiting.withLock { $0.take() }?.resume(with: result)
                }
                let (refusal, mustCommit) = state.withLock { state -> ((any Error)?, Bool) in
                    guard !state.isClosed else { return (Self.stopped, false) }
                    guard !Task.isCancelled else { return (CancellationError(), false) }
                    // Nobody knows when that is over.
                    if let standstill = state.schedule.standstill { return (standstill, false) }
                    // Until the next try some may wait, and hear of it then.
                    if let trouble = state.trouble,
                        state.enqueues.lazy.map(\.commands.count).reduce(0, +) >= Self.enqueueLimit
                    {
                        return (trouble, false)
                    }
                    state.enqueues.append(enqueue)
                    return (nil, requestCommit(&state, now: time(&state)))
                }
                if let refusal { enqueue.finish(.failure(refusal)) }
                if mustCommit { submitCommit() }
            }
        } onCancel: {
            let enqueue = state.withLock { state in
                state.enqueues.firstIndex { $0.number == number }.map { state.enqueues.remove(at: $0) }
            }
            enqueue?.finish(.failure(CancellationError()))
        }
        // A continuation that is resumed before it is awaited is handed on by an atomic of the runtime, which Thread Sanitizer does not see. The
        // lock that receipts are made under it does.
        state.withLock { _ in }
        return receipts
    }

    /// How many commands from outside wait for the next try while the disk fails.
    private static var enqueueLimit: Int { 1_024 }

    /// What became of a commit that took the command is not known, and whoever waits must not wait for ever.
    func unknownCommands(_ why: String) -> ConnmixError {
        ConnmixError(
            .timedOut,
            "\(why): whether the command is in the outbox of \(database) is not known; look with outbox list, or send it again with the same idempotency key"
        )
    }

    static var stopped: ConnmixError {
        ConnmixError(.stopped, "the consumer is stopped; the command was not accepted")
    }
}
