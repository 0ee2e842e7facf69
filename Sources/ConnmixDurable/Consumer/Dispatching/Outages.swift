/// Tells a message that fails from a topic whose handlers all do. Pure.
///
/// Where the last attempts of so many different messages of a topic failed for one cause, something that they all need is out: each
/// further attempt would only bring one more of them nearer to its death. From then on the topic is probed: its messages are tried one
/// at a time, with growing pauses, and no attempt counts that may have failed for it, whatever it says: an outage has several errors. The
/// first success ends it.
struct Outages: Sendable {
    enum Change: Equatable {
        case began(ProbedTopic)
        case ended(topic: String)
    }

    private struct Streak {
        var cause: String
        var entries: Set<Int64> = []
    }

    private struct Outage {
        var cause: String
        let since: Int64
        var backoff = Backoff(base: .milliseconds(200), cap: longestPause)
    }

    static let longestPause: Duration = .seconds(30)

    /// So many messages in a row; 0: outages are not looked for.
    private let threshold: Int
    private var streaks: [String: Streak] = [:]
    private var outages: [String: Outage] = [:]

    init(threshold: Int) {
        self.threshold = threshold
    }

    /// Those that are probed, by name.
    var topics: [ProbedTopic] {
        outages.map { ProbedTopic(topic: $0.key, cause: $0.value.cause, since: $0.value.since) }.sorted { $0.topic < $1.topic }
    }

    func contains(_ topic: String) -> Bool { outages[topic] != nil }

    /// A handler succeeded.
    mutating func succeeded(_ topic: String) -> Change? {
        guard !streaks.isEmpty || !outages.isEmpty else { return nil }
        streaks[topic] = nil
        return outages.removeValue(forKey: topic) == nil ? nil : .ended(topic: topic)
    }

    /// Whether an attempt may have failed for an outage. What a handler says to be the message's own fault is no sign of one; nor is a retry
    /// that it asks for later than a probe would be.
    ///
    /// - Parameter pause: until the next attempt; `nil` where there is none.
    static func mayBeOne(_ attempt: FailedAttempt, retryAfter pause: Duration?) -> Bool {
        switch attempt.outcome {
        case .permanent: false
        case .retryAsked: pause.map { $0 <= longestPause } ?? true
        case .failed, .timedOut, .crashed: true
        }
    }

    /// A handler failed, in a way that may be an outage.
    mutating func failed(_ topic: String, entry: Int64, _ attempt: FailedAttempt, now: Int64) -> Change? {
        guard threshold > 0 else { return nil }
        let cause = CauseName.of(attempt.error)
        guard outages[topic] == nil else {
            outages[topic]?.cause = cause
            return nil
        }
        if streaks[topic]?.cause != cause { streaks[topic] = Streak(cause: cause) }
        streaks[topic]?.entries.insert(entry)
        guard let streak = streaks[topic], streak.entries.count >= threshold else { return nil }
        streaks[topic] = nil
        outages[topic] = Outage(cause: cause, since: now)
        return .began(ProbedTopic(topic: topic, cause: cause, since: now))
    }

    /// How long nobody of the topic is tried, after one more that was.
    mutating func pause(_ topic: String, using generator: inout some RandomNumberGenerator) -> Duration {
        outages[topic]?.backoff.next(using: &generator) ?? .zero
    }
}
