/// Decides what happens on one connection to a node, from the opened WebSocket to its end. Pure.
struct NodeConnectionMachine {
    struct Settings: Sendable {
        var topics: [String]
        var replyTimeout: Duration = .seconds(10)
        /// A connection silent for two of these is dead.
        var pingInterval: Duration = .seconds(20)
        /// How long to listen for messages that were under way when `queue.unpop` was answered.
        var quietTime: Duration = .milliseconds(200)
        /// How long leaving may take in all.
        var drainTimeout: Duration = .seconds(10)
    }

    /// A control frame's worth of work; commands go out by `command(_:now:)`.
    enum Action: Equatable {
        case pop(id: Int64, RequestForm)
        case unpop(id: Int64, RequestForm)
        /// A WebSocket ping, and the dialect's text form beside it: nobody knows which one resets the engine's read timeout.
        case ping(id: Int64?)
        case nowConsuming(RequestForm)
        case notConsuming(NotConsuming)
        /// No answer to this command in time. It may have been applied, or may yet be; an answer may still come.
        case overdue(command: Int64)
        case close(Disconnection)
        case report(unknownFrame: String)
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
        case pop(RequestForm)
        case unpop
        case ping
    }

    private enum Consumption: Equatable {
        case off
        case popping
        case on
        case unpopping
        /// Refused; tried again at that time.
        case refused(until: ContinuousClock.Instant)
    }

    private let settings: Settings
    private var requests = RequestTable<Purpose>()
    private var form: RequestForm
    private var formIsProven: Bool
    private var consumption = Consumption.off
    private var wantsConsumption: Bool
    /// An earlier `queue.pop` on this connection was written; "consumed already" means success then.
    private var mayBeConsuming = false
    private var popBackoff = Backoff(base: .milliseconds(500), cap: .seconds(30))
    private var lastHeard: ContinuousClock.Instant
    private var pingAt: ContinuousClock.Instant
    private var leaving: (deadline: ContinuousClock.Instant, quietUntil: ContinuousClock.Instant?)?
    private var isClosed = false
    /// Since when the socket is not read; its silence means nothing then.
    private var unreadSince: ContinuousClock.Instant?
    /// When the first command was written after the last answer.
    private var unansweredSince: ContinuousClock.Instant?
    /// When a ping was answered last.
    private var pongAt: ContinuousClock.Instant
    /// Since when the peer takes nothing of what is written.
    private var stuckSince: ContinuousClock.Instant?

    /// - Parameters:
    ///   - form: what worked for this node before; `nil` where it is not known yet.
    ///   - consumes: whether to pop at once.
    init(settings: Settings, form: RequestForm?, consumes: Bool, now: ContinuousClock.Instant) {
        self.settings = settings
        self.form = form ?? .docs
        self.formIsProven = form != nil
        self.wantsConsumption = consumes
        lastHeard = now
        pongAt = now
        pingAt = now + settings.pingInterval
    }

    var isConsuming: Bool { consumption == .on }
    var isLeaving: Bool { leaving != nil }
    /// Whether the socket takes what is written.
    var isWritable: Bool { stuckSince == nil }
    /// How long the engine may answer nothing, or take nothing.
    private var patience: Duration { settings.pingInterval * 2 }
    /// When a connection on which commands wait is lost, though bytes come in: where pings are not answered either the engine reads
    /// nothing, and where they are it may be slow.
    private var deafAt: ContinuousClock.Instant? {
        unansweredSince.map { min(max($0, pongAt) + patience, $0 + max(patience, settings.replyTimeout)) }
    }

    var nextDeadline: ContinuousClock.Instant? {
        guard !isClosed else { return nil }
        var next = pingAt
        if unreadSince == nil {
            next = min(next, lastHeard + patience)
            if let deadline = requests.nextDeadline { next = min(next, deadline) }
            if let deafAt { next = min(next, deafAt) }
            if let stuckSince { next = min(next, stuckSince + patience) }
        }
        if case .refused(let until) = consumption { next = min(next, until) }
        if let leaving {
            next = min(next, leaving.deadline)
            if let quietUntil = leaving.quietUntil, requests.isEmpty { next = min(next, quietUntil) }
        }
        return next
    }

    // MARK: Events

    mutating func opened(now: ContinuousClock.Instant) -> [Action] {
        reconcile(now: now)
    }

    /// Bytes came in, whatever they were.
    mutating func heard(now: ContinuousClock.Instant) {
        lastHeard = now
    }

    /// A ping was answered.
    mutating func ponged(now: ContinuousClock.Instant) {
        pongAt = now
    }

    /// A popped message came in.
    mutating func messageArrived(now: ContinuousClock.Instant) {
        let quietUntil = now + settings.quietTime
        if leaving?.quietUntil != nil { leaving?.quietUntil = quietUntil }
    }

    /// Takes a command into flight.
    ///
    /// - Returns: its request id; `nil` where the connection is closed or leaving and takes none.
    mutating func command(_ command: Int64, now: ContinuousClock.Instant) -> Int64? {
        guard !isClosed, leaving == nil else { return nil }
        if unansweredSince == nil { unansweredSince = now }
        return requests.add(.command(command), deadline: now + settings.replyTimeout)
    }

    /// Whether the socket takes more. While it does not, the peer reads too slowly or not at all.
    mutating func setWritable(_ isWritable: Bool, now: ContinuousClock.Instant) {
        stuckSince = isWritable ? nil : stuckSince ?? now
    }

    /// The peer took some of what was written, though not yet enough for more.
    mutating func taken(now: ContinuousClock.Instant) {
        if stuckSince != nil { stuckSince = now }
    }

    mutating func replied(_ reply: Reply, now: ContinuousClock.Instant) -> ReplyAction {
        guard !isClosed, let purpose = requests.take(reply.id) else { return .unasked }
        switch purpose {
        case .command(let command):
            unansweredSince = nil
            return .command(command)
        case .pop(let form):
            return .actions(popReplied(reply.outcome, form: form, now: now))
        case .unpop:
            return .actions(unpopReplied(reply.outcome, now: now))
        case .ping:
            pongAt = now
            return .actions([])  // any answer, an error too, is a sign of life
        }
    }

    mutating func unknownFrame(_ reason: String) -> [Action] {
        [.report(unknownFrame: reason)]
    }

    /// Pops, or stops popping; what is under way goes on.
    mutating func setConsuming(_ wanted: Bool, now: ContinuousClock.Instant) -> [Action] {
        guard !isClosed, leaving == nil, wanted != wantsConsumption else { return [] }
        wantsConsumption = wanted
        return reconcile(now: now)
    }

    /// Whether the socket is being read. While it is not, answers and signs of life lie unread: nothing is given up for
    /// their lack, since closing would throw away what the socket holds.
    mutating func setReading(_ isReading: Bool, now: ContinuousClock.Instant) {
        switch (unreadSince, isReading) {
        case (nil, false):
            unreadSince = now
        case (let since?, true):
            unreadSince = nil
            lastHeard = now
            requests.postpone(by: now - since)
            leaving?.deadline += now - since
            pongAt = now
            if let asked = unansweredSince { unansweredSince = asked + (now - since) }
            // An engine whose frames nobody reads may read none either.
            if stuckSince != nil { stuckSince = now }
        case (nil, true), (_?, false):
            break
        }
    }

    /// Leaves in order: unpop, wait for answers and for messages under way, close.
    mutating func leave(now: ContinuousClock.Instant) -> [Action] {
        guard !isClosed, leaving == nil else { return [] }
        leaving = (now + settings.drainTimeout, consumption == .off ? now + settings.quietTime : nil)
        wantsConsumption = false
        return reconcile(now: now) + finishLeaving(now: now)
    }

    mutating func tick(now: ContinuousClock.Instant) -> [Action] {
        guard !isClosed else { return [] }
        var actions: [Action] = []
        if unreadSince == nil, now >= lastHeard + patience {
            return close(.silence, "nothing was heard for \(patience)")
        }
        if unreadSince == nil, let stuckSince, now >= stuckSince + patience {
            return close(.silence, "the engine took nothing of what was written for \(patience)")
        }
        while unreadSince == nil, let purpose = requests.expire(now: now) {
            switch purpose {
            case .command(let command): actions.append(.overdue(command: command))
            case .ping: break
            case .pop: return actions + close(.silence, "queue.pop was not answered")
            case .unpop: return actions + close(.silence, "queue.unpop was not answered")
            }
        }
        if unreadSince == nil, let unansweredSince, let deafAt, now >= deafAt {
            return actions + close(.silence, "no command was answered for \(deafAt - unansweredSince)")
        }
        if now >= pingAt {
            pingAt = now + settings.pingInterval
            guard isWritable else { return actions + finishLeaving(now: now) }
            // The docs dialect's ping is a bare text frame without an id.
            let id = form == .php105 ? requests.add(.ping, deadline: now + settings.replyTimeout) : nil
            actions.append(.ping(id: id))
        }
        if case .refused(let until) = consumption, until <= now {
            consumption = .off
            actions += reconcile(now: now)
        }
        return actions + finishLeaving(now: now)
    }

    /// The socket is closed, by whomever.
    ///
    /// - Returns: the commands whose outcome is now unknown, oldest first; those that were late, too.
    mutating func closed() -> [Int64] {
        isClosed = true
        return requests.removeAll().compactMap { if case .command(let id) = $0 { id } else { nil } }
    }

    // MARK: -

    /// Writes what brings consumption to where it is wanted.
    private mutating func reconcile(now: ContinuousClock.Instant) -> [Action] {
        switch (consumption, wantsConsumption) {
        case (.off, true) where !settings.topics.isEmpty:
            consumption = .popping
            return [.pop(id: requests.add(.pop(form), deadline: now + settings.replyTimeout), form)]
        case (.on, false):
            consumption = .unpopping
            return [.unpop(id: requests.add(.unpop, deadline: now + settings.replyTimeout), form)]
        case (.refused, false):
            consumption = .off
            return []
        case (.off, _), (.on, true), (.popping, _), (.unpopping, _), (.refused, true):
            return []
        }
    }

    private mutating func popReplied(
        _ outcome: Reply.Outcome, form: RequestForm, now: ContinuousClock.Instant
    ) -> [Action] {
        let mayHaveBeenConsuming = mayBeConsuming
        mayBeConsuming = true
        switch outcome {
        case .success(let result) where result.success != false:
            return popSucceeded(now: now)
        case .failure(.consumedAlready, _) where mayHaveBeenConsuming:
            return popSucceeded(now: now)
        case .failure(.consumedAlready, _):
            return close(.violation, "the engine says 202, consumed already, on a fresh connection")
        case .failure(.invalidParameters, _) where !formIsProven && form == .docs:
            // Sent in the documented form; the engine of May 2022 knows the older one only.
            mayBeConsuming = false
            self.form = .php105
            consumption = .off
            return reconcile(now: now) + finishLeaving(now: now)
        case .success, .failure:
            mayBeConsuming = mayHaveBeenConsuming
            if !formIsProven { self.form = .docs }
            var generator = SystemRandomNumberGenerator()
            consumption = .refused(until: now + popBackoff.next(using: &generator))
            return [.notConsuming(.refused(Self.describe(outcome)))] + finishLeaving(now: now)
        }
    }

    private mutating func popSucceeded(now: ContinuousClock.Instant) -> [Action] {
        consumption = .on
        formIsProven = true
        popBackoff.reset()
        guard wantsConsumption else { return reconcile(now: now) }
        return [.nowConsuming(form)]
    }

    private mutating func unpopReplied(_ outcome: Reply.Outcome, now: ContinuousClock.Instant) -> [Action] {
        // 203 says that nothing is consumed: what was wanted.
        consumption = .off
        mayBeConsuming = false
        var actions: [Action] = leaving == nil ? [.notConsuming(.paused)] : []
        let quietUntil = now + settings.quietTime
        leaving?.quietUntil = quietUntil
        actions += reconcile(now: now)
        return actions + finishLeaving(now: now)
    }

    private mutating func finishLeaving(now: ContinuousClock.Instant) -> [Action] {
        guard let leaving, !isClosed else { return [] }
        if now >= leaving.deadline { return close(.wanted, "leaving took longer than \(settings.drainTimeout)") }
        switch consumption {
        case .popping, .on, .unpopping: return []
        case .off, .refused: break
        }
        if let quietUntil = leaving.quietUntil, now < quietUntil { return [] }
        return requests.isEmpty ? close(.wanted, "left", isClean: true) : []
    }

    private mutating func close(_ cause: Disconnection.Cause, _ reason: String, isClean: Bool = false) -> [Action] {
        isClosed = true
        return [.close(Disconnection(cause: cause, reason: reason, isClean: isClean))]
    }

    /// What an engine says goes into events and rows: no more than a few hundred bytes of it.
    private static func describe(_ outcome: Reply.Outcome) -> String {
        switch outcome {
        case .success(let result): result.json.bounded(toBytes: 300)
        case .failure(let code, let message): "\(code) \(message.bounded(toBytes: 300))"
        }
    }
}
