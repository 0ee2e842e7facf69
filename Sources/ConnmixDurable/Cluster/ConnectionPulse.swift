/// Whether the peer of a connection is still there, and when to ask it. Pure.
///
/// While the socket is not read, answers and signs of life lie unread: nothing is concluded from their lack, since closing would
/// throw away what the socket holds.
struct ConnectionPulse {
    private enum Inflow {
        case read(lastHeard: ContinuousClock.Instant)
        case unread(since: ContinuousClock.Instant)
    }

    private enum Outflow {
        case open
        /// The peer takes nothing of what is written.
        ///
        /// - Parameter left: how much lay unwritten when it was looked at last.
        case stuck(since: ContinuousClock.Instant, left: Int?)
    }

    private let pingInterval: Duration
    private let replyTimeout: Duration
    private var inflow: Inflow
    private var outflow = Outflow.open
    private var pingAt: ContinuousClock.Instant
    /// When a ping was answered last.
    private var pongAt: ContinuousClock.Instant
    /// When the first command was written after the last answer.
    private var unansweredSince: ContinuousClock.Instant?

    init(pingInterval: Duration, replyTimeout: Duration, now: ContinuousClock.Instant) {
        self.pingInterval = pingInterval
        self.replyTimeout = replyTimeout
        inflow = .read(lastHeard: now)
        pingAt = now + pingInterval
        pongAt = now
    }

    /// How long the engine may answer nothing, or take nothing.
    private var patience: Duration { pingInterval * 2 }

    /// When a connection on which commands wait is lost, though bytes come in: where pings are not answered either the engine reads
    /// nothing, and where they are it may be slow.
    private var deafAt: ContinuousClock.Instant? {
        unansweredSince.map { min(max($0, pongAt) + patience, $0 + max(patience, replyTimeout)) }
    }

    /// Whether the lack of something means anything.
    var isRead: Bool {
        switch inflow {
        case .read: true
        case .unread: false
        }
    }

    /// Whether the socket takes what is written.
    var isWritable: Bool {
        switch outflow {
        case .open: true
        case .stuck: false
        }
    }

    var nextDeadline: ContinuousClock.Instant {
        guard case .read(let lastHeard) = inflow else { return pingAt }
        var next = min(pingAt, lastHeard + patience)
        if let deafAt { next = min(next, deafAt) }
        if case .stuck(let since, _) = outflow { next = min(next, since + patience) }
        return next
    }

    // MARK: Signs of life

    /// Bytes came in, whatever they were.
    mutating func heard(now: ContinuousClock.Instant) {
        if isRead { inflow = .read(lastHeard: now) }
    }

    /// A ping was answered.
    mutating func ponged(now: ContinuousClock.Instant) {
        pongAt = now
    }

    /// A command was written.
    mutating func asked(now: ContinuousClock.Instant) {
        if unansweredSince == nil { unansweredSince = now }
    }

    /// A command was answered.
    mutating func answered() {
        unansweredSince = nil
    }

    /// Whether the socket takes more. While it does not, the peer reads too slowly or not at all.
    mutating func setWritable(_ isWritable: Bool, now: ContinuousClock.Instant) {
        switch (outflow, isWritable) {
        case (.open, true): break
        case (.open, false): outflow = .stuck(since: now, left: nil)
        case (.stuck, true): outflow = .open
        case (.stuck(let since, _), false): outflow = .stuck(since: since, left: nil)
        }
    }

    /// So much lies unwritten. A slow peer is not a dead one: as long as it takes something, it has time for the rest.
    mutating func saw(unwritten: Int, now: ContinuousClock.Instant) {
        guard case .stuck(let since, let left) = outflow else { return }
        let hasTaken = left.map { unwritten < $0 } ?? false
        outflow = .stuck(since: hasTaken ? now : since, left: unwritten)
    }

    /// - Returns: how long the socket was not read, where it is read again.
    mutating func setReading(_ isReading: Bool, now: ContinuousClock.Instant) -> Duration? {
        switch (inflow, isReading) {
        case (.read, true), (.unread, false):
            return nil
        case (.read, false):
            inflow = .unread(since: now)
            return nil
        case (.unread(let since), true):
            inflow = .read(lastHeard: now)
            pongAt = now
            unansweredSince = unansweredSince.map { $0 + (now - since) }
            // An engine whose frames nobody reads may read none either.
            if case .stuck(_, let left) = outflow { outflow = .stuck(since: now, left: left) }
            return now - since
        }
    }

    // MARK: Conclusions

    /// Why the connection is lost, whatever was asked on it.
    func silence(now: ContinuousClock.Instant) -> String? {
        guard case .read(let lastHeard) = inflow else { return nil }
        if now >= lastHeard + patience { return "nothing was heard for \(patience.text)" }
        if case .stuck(let since, _) = outflow, now >= since + patience {
            return "the engine took nothing of what was written for \(patience.text)"
        }
        return nil
    }

    /// Why the connection is lost, as its commands tell.
    func deafness(now: ContinuousClock.Instant) -> String? {
        guard isRead, let unansweredSince, let deafAt, now >= deafAt else { return nil }
        return "no command was answered for \((deafAt - unansweredSince).text)"
    }

    /// - Returns: whether to ping now. A peer that takes nothing is not pinged.
    mutating func takePing(now: ContinuousClock.Instant) -> Bool {
        guard now >= pingAt else { return false }
        pingAt = now + pingInterval
        return isWritable
    }
}
