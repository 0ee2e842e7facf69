internal import CoreMetrics

/// What the consumer tells swift-metrics. The names and what they mean are in docs/observing.md; a test compares the two.
///
/// Counted once a commit, not once a message.
struct ConsumerMetrics: Sendable {
    /// Whether somebody listens: what costs something a message is only measured then.
    let isOn: Bool
    private let received: Counter
    private let repeated: Counter
    private let done: Counter
    private let dead: Counter
    private let failedAttempts: Counter
    private let handlerDuration: CoreMetrics.Timer
    private let enqueued: Counter
    private let sent: Counter
    private let commandsDead: Counter
    private let expired: Counter
    private let superseded: Counter
    private let unknown: Counter
    private let resends: Counter
    private let commitDuration: CoreMetrics.Timer
    private let commitFailures: Counter
    private let atRisk: Gauge
    private let atRiskHigh: Gauge
    private let openEntries: Gauge
    private let openCommands: Gauge
    private let nodes: Gauge
    private let consuming: Gauge
    private let paused: Gauge
    private let topicsPaused: Gauge
    private let topicsProbed: Gauge
    private let ready: Gauge
    private let centerTrouble: Gauge
    private let handlers: Gauge
    private let handlersHeld: Gauge
    private let logBytes: Gauge
    private let cleanEnds: Counter
    private let uncleanEnds: Counter

    init(_ factory: any MetricsFactory) {
        func counter(_ name: String, _ dimensions: (String, String)...) -> Counter {
            Counter(label: name, dimensions: dimensions, factory: factory)
        }
        func gauge(_ name: String) -> Gauge { Gauge(label: name, factory: factory) }
        func ended(_ state: CommandState) -> Counter { counter("connmix_commands_ended", ("state", "\(state)")) }
        isOn = !(factory is NOOPMetricsHandler)
        received = counter("connmix_messages_received")
        repeated = counter("connmix_messages_repeated")
        done = counter("connmix_messages_done")
        dead = counter("connmix_messages_dead")
        failedAttempts = counter("connmix_attempts_failed")
        handlerDuration = CoreMetrics.Timer(label: "connmix_handler_duration", factory: factory)
        enqueued = counter("connmix_commands_enqueued")
        sent = ended(.sent)
        commandsDead = ended(.dead)
        expired = ended(.expired)
        superseded = ended(.superseded)
        unknown = ended(.unknown)
        resends = counter("connmix_commands_postponed")
        commitDuration = CoreMetrics.Timer(label: "connmix_commit_duration", factory: factory)
        commitFailures = counter("connmix_commit_failures")
        atRisk = gauge("connmix_at_risk")
        atRiskHigh = gauge("connmix_at_risk_high")
        openEntries = gauge("connmix_journal_open")
        openCommands = gauge("connmix_outbox_open")
        nodes = gauge("connmix_nodes")
        consuming = gauge("connmix_nodes_consuming")
        paused = gauge("connmix_paused")
        topicsPaused = gauge("connmix_topics_paused")
        topicsProbed = gauge("connmix_topics_probed")
        ready = gauge("connmix_ready")
        centerTrouble = gauge("connmix_center_trouble")
        handlers = gauge("connmix_handlers")
        handlersHeld = gauge("connmix_handlers_held")
        logBytes = gauge("connmix_log_bytes")
        cleanEnds = counter("connmix_connections_ended", ("clean", "true"))
        uncleanEnds = counter("connmix_connections_ended", ("clean", "false"))
    }

    func handled(inMicroseconds duration: Int64) {
        handlerDuration.recordMicroseconds(duration)
    }

    func committed(_ work: CommitWork, _ effects: CommitEffects, inMicroseconds duration: Int64) {
        guard isOn else { return }
        commitDuration.recordMicroseconds(duration)
        add(work.arrivals.count - effects.repeats.count, to: received)
        add(effects.repeats.count, to: repeated)
        var (done, dead, failed) = (0, effects.unreadable.count, 0)
        for outcome in effects.outcomes {
            switch outcome.result {
            case .done: done += 1
            case .dead, .parked: (dead, failed) = (dead + 1, failed + 1)
            case .retry: failed += 1
            case .released: break
            }
        }
        add(done, to: self.done)
        add(dead, to: self.dead)
        add(failed, to: failedAttempts)
        add(effects.enqueued, to: enqueued)
        add(effects.superseded.count, to: superseded)
        add(effects.expired.count, to: expired)
        count(work.changes)
    }

    private func count(_ changes: [Relay.Change]) {
        var ends: [CommandState: Int] = [:]
        var postponed = 0
        for change in changes {
            switch change {
            case .sent: ends[.sent, default: 0] += 1
            case .settled(_, let settlement): ends[settlement.state, default: 0] += 1
            case .postponed: postponed += 1
            case .writing: break
            }
        }
        for (state, number) in ends {
            switch state {
            case .sent: add(number, to: sent)
            case .dead: add(number, to: commandsDead)
            case .expired: add(number, to: expired)
            case .superseded: add(number, to: superseded)
            case .unknown: add(number, to: unknown)
            case .pending, .cancelled: break
            }
        }
        add(postponed, to: resends)
    }

    func commitFailed() {
        commitFailures.increment()
    }

    /// With each batch that comes and each one that is committed: true at once, whatever the disk does.
    func observe(atRisk: Int, highWater: Int) {
        guard isOn else { return }
        self.atRisk.record(atRisk)
        atRiskHigh.record(highWater)
    }

    func observe(openEntries: Int64, openCommands: Int64) {
        self.openEntries.record(openEntries)
        self.openCommands.record(openCommands)
    }

    func observe(nodes: Int, consuming: Int) {
        self.nodes.record(nodes)
        self.consuming.record(consuming)
    }

    func observe(pausedTopics: Int, probedTopics: Int) {
        topicsPaused.record(pausedTopics)
        topicsProbed.record(probedTopics)
    }

    func observe(isReady: Bool, hasCenterTrouble: Bool, handlers count: Int, held: Int) {
        guard isOn else { return }
        ready.record(isReady ? 1 : 0)
        centerTrouble.record(hasCenterTrouble ? 1 : 0)
        handlers.record(count)
        handlersHeld.record(held)
    }

    func observe(logBytes bytes: Int64) {
        logBytes.record(bytes)
    }

    func happened(_ event: ConsumerEvent) {
        switch event {
        case .paused: paused.record(1)
        case .resumed: paused.record(0)
        case .nodeDisconnected(_, _, let clean): (clean ? cleanEnds : uncleanEnds).increment()
        case .nodeAdded, .nodeRemoved, .nodeReplaced, .nodeConnected, .nodeUnreachable, .nodeByHTTP, .nodeConsuming,
            .nodeNotConsuming, .centerTrouble, .unknownFrame, .unreadableMessage, .repeated, .notAcknowledged, .handlerFailed,
            .commandDead, .commandExpired, .commandUnknown, .topicPaused, .topicResumed, .topicProbed, .topicRecovered,
            .handlersHeld, .clockJumped, .logGrown, .logShrunk, .pruneFailed, .fileLost:
            break
        }
    }

    private func add(_ number: Int, to counter: Counter) {
        if number > 0 { counter.increment(by: number) }
    }
}
