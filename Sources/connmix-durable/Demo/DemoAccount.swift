import ConnmixDevEngine
import ConnmixDurable
import NIOCore

/// What came of it, from both sides: what end users sent and received and what the engine's node had when it restarted, and
/// what the file says.
struct DemoAccount {
    private(set) var sent = 0
    private(set) var journaled = 0
    private(set) var handled = 0
    private(set) var restartedNode = ""
    /// In the queue of the node when it restarted.
    private(set) var takenInQueue = 0
    /// Handed out by it and still in its closing sockets.
    private(set) var takenInSockets = 0
    private(set) var lost = 0
    private(set) var commands = 0
    private(set) var commandsSent = 0
    private(set) var clientGone = 0
    private(set) var nodeGone = 0
    private(set) var answered = 0
    private(set) var repeats = 0
    private(set) var problems: [String] = []

    var takenDown: Int { takenInQueue + takenInSockets }

    init(_ record: DemoRecord, database: String, after last: (journal: Int64, outbox: Int64)) async throws {
        let inspector = try Inspector(database: database)
        let sentMessages = record.sent
        sent = sentMessages.count
        let journal = try Self.journal(inspector, after: last.journal)
        count(journal)
        guard let restart = record.restart else { throw Failure(.bug, "no node was restarted") }
        count(missing: Set(sentMessages.keys).subtracting(journal.map(\.number)), sentMessages, restart)
        let restartedClients = Set(sentMessages.values.filter { $0.node == restart.node }.map(\.client))
        try count(commandsOf: inspector, after: last.outbox, mayDie: restartedClients)
        await count(answersTo: record, journal)
        check()
    }

    // MARK: The file's side

    private struct Entry {
        var number: Int
        var client: String
        var state: EntryState
    }

    private static func journal(_ inspector: Inspector, after last: Int64) throws -> [Entry] {
        var entries: [Entry] = []
        _ = try Pages.read(limit: 0, after: last) { after, limit in
            var filter = JournalFilter()
            (filter.order, filter.after, filter.limit) = (.oldest, after, limit)
            return try inspector.entries(filter)
        } id: {
            $0.id
        } show: { page in
            for entry in page {
                let message = Message(
                    id: entry.id, topic: entry.topic, node: entry.node, client: ClientID(entry.client), attempt: 1,
                    receivedAt: entry.receivedAt, data: ByteBuffer(bytes: entry.data ?? []))
                let number = message.text.flatMap { Self.number($0, "demo ") } ?? -1
                entries.append(Entry(number: number, client: entry.client, state: entry.state))
            }
        }
        return entries
    }

    private static func number(_ text: String, _ prefix: String) -> Int? {
        text.hasPrefix(prefix) ? Int(text.dropFirst(prefix.count)) : nil
    }

    private mutating func count(_ journal: [Entry]) {
        journaled = journal.count
        handled = journal.count { $0.state == .done }
        if handled != journaled { problems.append("\(journaled - handled) journaled messages are not done") }
        let numbers = Set(journal.map(\.number))
        if numbers.count != journaled { problems.append("\(journaled - numbers.count) messages are in the journal twice") }
        if numbers.contains(-1) { problems.append("the journal has messages that nobody sent") }
    }

    // MARK: The engine's side

    /// Says of each message that is not in the journal where it went.
    ///
    /// A node hands its queue out in order, over one connection. So what it took down with it is exactly: all it had not
    /// handed out, and of what it had, an unbroken end. A message missing anywhere else is lost.
    private mutating func count(
        missing: Set<Int>, _ sent: [Int: DemoRecord.Sent], _ restart: DemoRecord.Restart
    ) {
        restartedNode = restart.node
        let onNode = sent.filter { $0.value.node == restart.node }
        let arrived = onNode.filter { !missing.contains($0.key) }.map(\.value.place)
        let end = (arrived.max() ?? -1) + 1
        for number in missing {
            guard let message = onNode[number], message.place >= end else {
                lost += 1
                continue
            }
            if message.place < restart.popped { takenInSockets += 1 } else { takenInQueue += 1 }
        }
        if takenInQueue != restart.queued {
            problems.append("the node had \(restart.queued) messages queued, and \(takenInQueue) of those are missing")
        }
        if restart.popped + restart.queued + restart.dropped != onNode.count {
            problems.append("the node counted other messages than its end users sent")
        }
    }

    private mutating func count(
        commandsOf inspector: Inspector, after last: Int64, mayDie restartedClients: Set<String>
    ) throws {
        var (others, strangers) = (0, 0)
        var (total, sent, clientGone, nodeGone) = (0, 0, 0, 0)
        _ = try Pages.read(limit: 0, after: last) { after, limit in
            var filter = OutboxFilter()
            (filter.order, filter.after, filter.limit) = (.oldest, after, limit)
            return try inspector.commands(filter, withData: false)
        } id: {
            $0.id
        } show: { page in
            for command in page {
                total += 1
                switch command.state {
                case .sent: sent += 1
                case .dead where GoneRecipient(of: command.lastError) == .client: clientGone += 1
                case .dead where GoneRecipient(of: command.lastError) == .node: nodeGone += 1
                case .pending, .dead, .expired, .cancelled, .superseded, .unknown: others += 1
                }
                if command.state == .dead, !restartedClients.contains(command.client ?? "") { strangers += 1 }
            }
        }
        (commands, commandsSent, self.clientGone, self.nodeGone) = (total, sent, clientGone, nodeGone)
        if others > 0 { problems.append("\(others) commands are neither sent nor dead because their client is gone") }
        if strangers > 0 { problems.append("\(strangers) commands to end users who never left are dead") }
    }

    // MARK: The end users' side

    private mutating func count(answersTo record: DemoRecord, _ journal: [Entry]) async {
        var expected: [String: [Int]] = [:]
        for entry in journal { expected[entry.client, default: []].append(entry.number) }
        let restart = record.restart
        var (unanswered, disordered) = (0, 0)
        for user in record.users {
            var numbers: [Int] = []
            var seen: Set<Int> = []
            for await frame in user.frames {
                guard let number = frame.text.flatMap({ Self.number($0, "received: demo ") }) else { continue }
                if seen.insert(number).inserted { numbers.append(number) } else { repeats += 1 }
            }
            answered += numbers.count
            // Who was on the restarted node was cut off; for the others every answer counts, and their order.
            guard user.node != restart?.node else { continue }
            unanswered += Set(expected[user.id] ?? []).subtracting(seen).count
            if numbers != numbers.sorted() { disordered += 1 }
        }
        if unanswered > 0 { problems.append("\(unanswered) handled messages were never answered") }
        if disordered > 0 { problems.append("\(disordered) end users got answers out of order") }
    }

    private mutating func check() {
        if lost > 0 { problems.append("\(lost) messages are lost") }
        if sent != journaled + takenDown + lost { problems.append("sent, journaled and taken down do not add up") }
        if commands != handled { problems.append("\(handled) messages were handled but \(commands) commands were issued") }
        if answered < commandsSent { problems.append("\(commandsSent) commands are sent but \(answered) frames were received") }
    }
}
