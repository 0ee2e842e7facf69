internal import NIOCore

/// Pausing and resuming, as recorded actions. Like all verbs they take the open transaction and never commit.
enum PauseVerbs {
    /// - Parameter topics: `nil`: all.
    /// - Throws: `badData` where none is named, or one cannot be a topic.
    static func pause(
        _ transaction: Transaction, topics: [String]?, holdsIntake: Bool, actor: String, reason: String?
    ) throws -> PauseReport {
        let names = try checked(topics)
        let action = try ActionLog.begin(
            transaction, .pause, .journal, actor: actor, reason: reason, selection: selection(topics, holdsIntake),
            total: names.count)
        for name in names {
            let pause = TopicPause(
                topic: name, holdsIntake: holdsIntake, since: transaction.now, actor: actor.boundedError,
                reason: reason?.boundedError)
            try Pauses.put(transaction, pause)
        }
        try end(transaction, action, names.count)
        return PauseReport(action: action, changed: names, left: try Pauses.list(transaction.connection))
    }

    /// - Parameters:
    ///   - topics: `nil`: whatever is paused.
    ///   - onlyIntake: lets go on only what is not popped.
    /// - Throws: `notFound` where nothing of the kind is paused, and nothing is changed then.
    static func resume(
        _ transaction: Transaction, topics: [String]?, onlyIntake: Bool, actor: String, reason: String?
    ) throws -> PauseReport {
        let known = try Pauses.list(transaction.connection)
        let kind = onlyIntake ? " with its intake" : ""
        var names: [String?]
        if topics == nil {
            names = known.filter { !onlyIntake || $0.holdsIntake }.map(\.topic)
            guard !names.isEmpty else { throw ConnmixError(.notFound, "nothing is paused\(kind)") }
        } else {
            names = try checked(topics)
            for name in names where !known.contains(where: { $0.topic == name && (!onlyIntake || $0.holdsIntake) }) {
                let advice =
                    known.contains { $0.topic == nil } ? "; all topics are, and go on together: resume without naming one" : ""
                throw ConnmixError(.notFound, "the topic \(Quoted.text(name ?? "", limit: 80)) is not paused\(kind)\(advice)")
            }
        }
        let action = try ActionLog.begin(
            transaction, .resume, .journal, actor: actor, reason: reason, selection: selection(topics, onlyIntake),
            total: names.count)
        for name in names { try Pauses.remove(transaction, topic: name) }
        try end(transaction, action, names.count)
        return PauseReport(action: action, changed: names, left: try Pauses.list(transaction.connection))
    }

    private static func end(_ transaction: Transaction, _ action: Int64, _ count: Int) throws {
        try ActionLog.advance(transaction, action, by: count)
        try ActionLog.end(transaction, action, as: .finished)
    }

    /// Each once; `nil` alone for all.
    private static func checked(_ topics: [String]?) throws(ConnmixError) -> [String?] {
        guard let topics else { return [nil] }
        guard !topics.isEmpty else { throw ConnmixError(.badData, "no topic is named; name at least one, or mean all") }
        for topic in topics where topic.isEmpty || topic.utf8.count > 1_024 {
            throw ConnmixError(.badData, "a topic's name must have 1 to 1024 bytes")
        }
        return Set(topics).sorted()
    }

    private static func selection(_ topics: [String]?, _ intake: Bool) -> String {
        var buffer = ByteBuffer()
        buffer.writeString("{\"topics\":")
        if let topics {
            for (place, topic) in topics.enumerated() {
                buffer.writeString(place == 0 ? "[" : ",")
                buffer.writeJSONString(topic)
            }
            buffer.writeString("]")
        } else {
            buffer.writeString("\"all\"")
        }
        buffer.writeString(",\"intake\":\(intake)}")
        return String(buffer: buffer)
    }
}

/// What a pause or a resumption did.
public struct PauseReport: Sendable {
    /// The action's id.
    public let action: Int64
    /// The topics that were paused, or go on; `nil` stands for all of them.
    public let changed: [String?]
    /// What is paused now.
    public let left: [TopicPause]
}

extension JournalOperator {
    /// Pauses topics, until `resume`: their messages are journaled and wait in the file, what is being handled is finished. A running
    /// consumer notices within 250 ms, and one that starts later begins so. Recorded as an action.
    ///
    /// Where the order of lanes is strict, later messages of other topics wait behind those of the same lane.
    ///
    /// - Parameters:
    ///   - topics: `nil`: all.
    ///   - intake: whether their queues are not popped either. Messages wait in the engine then, whose queues are short and in memory.
    ///   - reason: shown by `status`, and kept with the action. Where a topic is paused again without one, its first reason stays.
    /// - Throws: `badData` where no topic is named, or what is named cannot be one; `busy` and errors of the disk.
    @discardableResult
    public func pause(topics: [String]? = nil, intake: Bool = false, reason: String? = nil) throws -> PauseReport {
        try store.write(.journal) {
            try PauseVerbs.pause($0, topics: topics, holdsIntake: intake, actor: runner.actor, reason: reason)
        }
    }

    /// Lets topics go on that were paused.
    ///
    /// - Parameters:
    ///   - topics: those that were named when they were paused; `nil`: whatever is paused.
    ///   - onlyIntake: lets go on only what was paused with its intake.
    ///   - reason: kept with the action.
    /// - Throws: `notFound` where nothing of the kind is paused: nothing is changed then; `busy` and errors of the disk.
    @discardableResult
    public func resume(topics: [String]? = nil, onlyIntake: Bool = false, reason: String? = nil) throws -> PauseReport {
        try store.write(.journal) {
            try PauseVerbs.resume($0, topics: topics, onlyIntake: onlyIntake, actor: runner.actor, reason: reason)
        }
    }
}

extension Inspector {
    /// What operators have paused.
    ///
    /// - Throws: errors of the file.
    public func pauses() throws -> [TopicPause] {
        try read { try Pauses.list($0) }
    }
}
