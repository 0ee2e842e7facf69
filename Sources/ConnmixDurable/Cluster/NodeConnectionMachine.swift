/// Decides what happens on one connection to a node, from the opened WebSocket to its end. Pure.
///
/// Which requests wait for their answers, and how it is left. Whether it pops is `Consumption`'s, whether the peer is still there is
/// `ConnectionPulse`'s.
struct NodeConnectionMachine {
    struct Settings: Sendable {
        var topics: [String]
        var replyTimeout: Duration = .seconds(10)
        /// A connection silent for two of these is dead.
        var pingInterval: Duration = .seconds(20)
        /// How long to listen for messages that were under way when `queue.unpop` was answered.
        var quietTime: Duration = .milliseconds(200)
        /// How long leaving may take in all.
        var leaveTimeout: Duration = .seconds(10)
    }

    /// A control frame's worth of work; commands go out by `command(_:now:)`.
    enum Action: Equatable {
        case pop(id: Int64, [String], RequestForm)
        case unpop(id: Int64, RequestForm)
        /// A WebSocket ping, and the dialect's text form beside it: nobody knows which one resets the engine's read timeout.
        case ping(id: Int64?)
        case nowConsuming(RequestForm)
        case notConsuming(NotConsuming)
        /// No answer to this command in time. It may have been applied, or may yet be; an answer may still come.
        case overdue(command: Int64)
        case close(Disconnection)
    }

    enum ReplyAction: Equatable {
        /// The answer to a command, in time or late.
        case command(Int64)
        case actions([Action])
        /// Nobody waits for it.
        case unasked
    }

    private enum Purpose {
        case command(Int64)
        case pop
        case unpop
        case ping
    }

    private enum Phase {
        case open
        /// - Parameters:
        ///   - deadline: closed then, whatever still waits.
        ///   - quietUntil: closed then at the earliest; moved by every message. `nil` where nothing was popped or `queue.unpop`
        ///     is not answered.
        case leaving(deadline: ContinuousClock.Instant, quietUntil: ContinuousClock.Instant?)
        case closed
    }

    private let settings: Settings
    private var phase = Phase.open
    private var requests = RequestTable<Purpose>()
    private var consumption: Consumption
    private var pulse: ConnectionPulse
    /// `queue.unpop` was not answered in time.
    private var lateUnpop: LateUnpop?

    private struct LateUnpop {
        /// When that was seen, or the first sign of life came after it, or the last message.
        var since: ContinuousClock.Instant
        /// While nothing at all is heard, the engine may stand still, and `ConnectionPulse` says for how long.
        var isAlive = false
        /// It was taken for followed, since no message had come after it.
        let wasTold: Bool
    }

    private var hasMessageSinceUnpop = false

    /// - Parameters:
    ///   - form: what worked for this node before; `nil` where it is not known yet.
    ///   - consumes: whether to pop at once.
    ///   - resting: topics that are not popped for now.
    init(
        settings: Settings, form: RequestForm?, consumes: Bool, except resting: Set<String> = [], now: ContinuousClock.Instant
    ) {
        self.settings = settings
        consumption = Consumption(form: form, wanted: Self.topics(settings, consumes: consumes, except: resting))
        pulse = ConnectionPulse(pingInterval: settings.pingInterval, replyTimeout: settings.replyTimeout, now: now)
    }

    private var isOpen: Bool {
        switch phase {
        case .open: true
        case .leaving, .closed: false
        }
    }

    private var isClosed: Bool {
        switch phase {
        case .closed: true
        case .open, .leaving: false
        }
    }

    var isLeaving: Bool {
        switch phase {
        case .leaving: true
        case .open, .closed: false
        }
    }

    /// Whether the socket takes what is written.
    var isWritable: Bool { pulse.isWritable }

    var nextDeadline: ContinuousClock.Instant? {
        guard !isClosed else { return nil }
        var next = pulse.nextDeadline
        if pulse.isRead, let deadline = requests.nextDeadline { next = min(next, deadline) }
        if let deadline = unpopDeadline { next = min(next, deadline) }
        if let retryAt = consumption.retryAt { next = min(next, retryAt) }
        if case .leaving(let deadline, let quietUntil) = phase {
            next = min(next, deadline)
            if let quietUntil, requests.isEmpty { next = min(next, quietUntil) }
        }
        return next
    }

    /// When a connection is given up on which other things come and the answer to `queue.unpop` does not. It lies behind all that was
    /// handed out before, and to close would throw that away.
    private var unpopDeadline: ContinuousClock.Instant? {
        guard pulse.isRead, let lateUnpop, lateUnpop.isAlive else { return nil }
        return lateUnpop.since + settings.replyTimeout
    }

    // MARK: Events

    mutating func opened(now: ContinuousClock.Instant) -> [Action] {
        actions(consumption.next(), now: now)
    }

    /// Bytes came in, whatever they were.
    mutating func heard(now: ContinuousClock.Instant) {
        pulse.heard(now: now)
        if lateUnpop?.isAlive == false { lateUnpopAlive(since: now) }
    }

    /// A ping was answered.
    mutating func ponged(now: ContinuousClock.Instant) { pulse.ponged(now: now) }

    /// Whether the socket takes more. While it does not, the peer reads too slowly or not at all.
    mutating func setWritable(_ isWritable: Bool, now: ContinuousClock.Instant) { pulse.setWritable(isWritable, now: now) }

    /// So much lies unwritten, while the socket takes no more.
    mutating func saw(unwritten: Int, now: ContinuousClock.Instant) { pulse.saw(unwritten: unwritten, now: now) }

    /// A popped message came in.
    ///
    /// - Parameter now: looked at only where the node is to be left, which is never the case at full speed.
    mutating func messageArrived(now: @autoclosure () -> ContinuousClock.Instant) {
        hasMessageSinceUnpop = true
        if lateUnpop != nil { lateUnpopAlive(since: now()) }
        guard case .leaving(let deadline, _?) = phase else { return }
        phase = .leaving(deadline: deadline, quietUntil: now() + settings.quietTime)
    }

    private mutating func lateUnpopAlive(since now: ContinuousClock.Instant) {
        lateUnpop?.since = now
        lateUnpop?.isAlive = true
    }

    /// Takes a command into flight.
    ///
    /// - Returns: its request id; `nil` where the connection is closed or being left and takes none.
    mutating func command(_ command: Int64, now: ContinuousClock.Instant) -> Int64? {
        guard isOpen else { return nil }
        pulse.asked(now: now)
        return requests.add(.command(command), deadline: now + settings.replyTimeout)
    }

    mutating func replied(
        _ reply: Reply, now: ContinuousClock.Instant, using generator: inout some RandomNumberGenerator
    ) -> ReplyAction {
        guard !isClosed, let purpose = requests.take(reply.id) else { return .unasked }
        switch purpose {
        case .command(let command):
            pulse.answered()
            return .command(command)
        case .pop:
            let step = consumption.popReplied(reply.outcome, now: now, using: &generator)
            return .actions(actions(step, now: now) + finishLeaving(now: now))
        case .unpop:
            let wasTold = lateUnpop.take()?.wasTold ?? false
            return .actions(unpopReplied(reply.outcome, wasTold: wasTold, now: now) + finishLeaving(now: now))
        case .ping:
            pulse.ponged(now: now)
            return .actions([])  // any answer, an error too, is a sign of life
        }
    }

    /// Pops, or stops popping; what is under way goes on.
    ///
    /// - Parameter resting: topics that are not popped for now.
    mutating func setConsuming(_ wanted: Bool, except resting: Set<String> = [], now: ContinuousClock.Instant) -> [Action] {
        guard isOpen else { return [] }
        return actions(consumption.want(Self.topics(settings, consumes: wanted, except: resting)), now: now)
    }

    private static func topics(_ settings: Settings, consumes: Bool, except resting: Set<String>) -> [String] {
        guard consumes else { return [] }
        return resting.isEmpty ? settings.topics : settings.topics.filter { !resting.contains($0) }
    }

    /// Whether the socket is being read. While it is not, nothing is given up.
    mutating func setReading(_ isReading: Bool, now: ContinuousClock.Instant) {
        guard let pause = pulse.setReading(isReading, now: now) else { return }
        requests.postpone(by: pause)
        lateUnpop?.since += pause
        if case .leaving(let deadline, let quietUntil) = phase {
            phase = .leaving(deadline: deadline + pause, quietUntil: quietUntil)
        }
    }

    /// Leaves in order: unpop, wait for answers and for messages under way, close.
    mutating func leave(now: ContinuousClock.Instant) -> [Action] {
        guard isOpen else { return [] }
        phase = .leaving(
            deadline: now + settings.leaveTimeout, quietUntil: consumption.isOff ? now + settings.quietTime : nil)
        return actions(consumption.want([]), now: now) + finishLeaving(now: now)
    }

    mutating func tick(now: ContinuousClock.Instant) -> [Action] {
        guard !isClosed else { return [] }
        if let reason = pulse.silence(now: now) { return close(.silence, reason) }
        var actions: [Action] = []
        while pulse.isRead, let purpose = requests.expire(now: now) {
            switch purpose {
            case .command(let command): actions.append(.overdue(command: command))
            case .ping: break
            case .pop: return actions + close(.silence, "queue.pop was not answered")
            case .unpop:
                // The engine may have followed it: from here on nothing that it holds need come to anybody.
                let isFollowed = isOpen && !hasMessageSinceUnpop
                lateUnpop = LateUnpop(since: now, wasTold: isFollowed)
                if isFollowed { actions.append(.notConsuming(.paused)) }
            }
        }
        if let deadline = unpopDeadline, now >= deadline { return actions + close(.silence, "queue.unpop was not answered") }
        if let reason = pulse.deafness(now: now) { return actions + close(.silence, reason) }
        if pulse.takePing(now: now) {
            // The docs dialect's ping is a bare text frame without an id.
            switch consumption.form {
            case .docs: actions.append(.ping(id: nil))
            case .php105: actions.append(.ping(id: requests.add(.ping, deadline: now + settings.replyTimeout)))
            }
        }
        actions += self.actions(consumption.tick(now: now), now: now)
        return actions + finishLeaving(now: now)
    }

    /// The socket is closed, by whomever.
    ///
    /// - Returns: the commands whose outcome is now unknown, oldest first; those that were late, too.
    mutating func closed() -> [Int64] {
        phase = .closed
        return requests.removeAll().compactMap { if case .command(let id) = $0 { id } else { nil } }
    }

    // MARK: -

    private mutating func actions(_ step: Consumption.Step?, now: ContinuousClock.Instant) -> [Action] {
        switch step {
        case nil: []
        case .pop(let topics, let form): [.pop(id: requests.add(.pop, deadline: now + settings.replyTimeout), topics, form)]
        case .unpop(let form): [unpop(form, now: now)]
        case .nowConsuming(let form): [.nowConsuming(form)]
        case .refused(let reason): [.notConsuming(.refused(reason))]
        case .violation(let reason): close(.violation, reason)
        }
    }

    private mutating func unpop(_ form: RequestForm, now: ContinuousClock.Instant) -> Action {
        hasMessageSinceUnpop = false
        return .unpop(id: requests.add(.unpop, deadline: now + settings.replyTimeout), form)
    }

    private mutating func unpopReplied(_ outcome: Reply.Outcome, wasTold: Bool, now: ContinuousClock.Instant) -> [Action] {
        let step = actions(consumption.unpopReplied(outcome), now: now)
        switch phase {
        case .open:
            return (wasTold ? [] : [.notConsuming(.paused)]) + step
        case .leaving(let deadline, _):
            phase = .leaving(deadline: deadline, quietUntil: now + settings.quietTime)
            return step
        case .closed:
            assertionFailure("an answer is read on a closed connection")
            return []
        }
    }

    private mutating func finishLeaving(now: ContinuousClock.Instant) -> [Action] {
        guard case .leaving(let deadline, let quietUntil) = phase else { return [] }
        if now >= deadline { return close(.wanted, "leaving took longer than \(settings.leaveTimeout.text)") }
        if let quietUntil, now < quietUntil { return [] }
        return consumption.isOff && requests.isEmpty ? close(.wanted, "left", isClean: true) : []
    }

    private mutating func close(_ cause: Disconnection.Cause, _ reason: String, isClean: Bool = false) -> [Action] {
        phase = .closed
        return [.close(Disconnection(cause: cause, reason: reason, isClean: isClean))]
    }
}
