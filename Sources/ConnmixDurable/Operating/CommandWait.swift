/// Why a pending command is not sent now. Several may hold.
public enum CommandWait: Sendable, Equatable {
    /// No consumer runs on the file.
    case consumer
    /// A consumer runs, and none of its nodes is connected.
    case connection
    /// Earlier ones of its lane, its client or its channel are not settled: the first of them, and how many others there are; no more
    /// than 1,000 are counted.
    case behind(command: Int64, others: Int)
    /// Its time has not come: it waits for its next try, or for the time that was asked for. In microseconds since 1970.
    case time(until: Int64)
    /// For a node that cannot be reached, since a time in microseconds since 1970; several ids, with commas between, where any of them may
    /// hold its client.
    case node(String, since: Int64)
    /// Nothing that the file knows keeps it: it is on its way, or the next to go, and has no answer yet.
    case answer
}

extension OutboxRecord {
    /// Which node the command waits for, of those that something waits for.
    package func awaited(among waiting: [StatusReport.Waiting]) -> StatusReport.Waiting? {
        guard state == .pending, function != nil || client == nil && channel == nil else { return nil }
        return waiting.first { node == nil || $0.node == node }
    }
}

extension Inspector {
    private static let countedOthers = 1_000

    /// Why a command is not sent now; empty where it is settled.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func waits(of command: OutboxRecord) throws -> [CommandWait] {
        guard command.state == .pending else { return [] }
        let status = try status()
        var waits: [CommandWait] = []
        if !status.consumer.isRunning {
            waits.append(.consumer)
        } else if !status.nodes.contains(where: { [.connected, .consuming, .http].contains($0.state) }) {
            waits.append(.connection)
        }
        let earlier = try read { try Self.earlier($0, than: command) }
        if let first = earlier.first { waits.append(.behind(command: first, others: earlier.count - 1)) }
        if let time = command.availableAt, time > status.takenAt { waits.append(.time(until: time)) }
        if let node = command.awaited(among: status.waiting) { waits.append(.node(node.node, since: node.since)) }
        return waits.isEmpty ? [.answer] : waits
    }

    /// The pending commands that must be settled before, oldest first. Lanes and clients share their names.
    private static func earlier(_ connection: Connection, than command: OutboxRecord) throws -> [Int64] {
        let select = try connection.statement(
            """
            SELECT id FROM outbox
            WHERE state < 8 AND id < ?1 AND flags & 8 = 0 AND (lane IN (?2, ?3) OR kind IN (2, 4) AND target IN (?2, ?3)
                OR kind = 3 AND target = ?4) AND EXISTS (SELECT 1 FROM outbox AS own WHERE own.id = ?1 AND own.flags & 8 = 0)
            ORDER BY id LIMIT ?5
            """)
        select.bind(1, command.id)
        select.bind(2, command.lane)
        select.bind(3, command.client)
        select.bind(4, command.channel)
        select.bind(5, Int64(countedOthers + 1))
        var ids: [Int64] = []
        try select.forEach { ids.append($0.int(0)) }
        return ids
    }
}
