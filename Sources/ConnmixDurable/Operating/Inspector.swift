/// Looks into a database without changing it, whether a consumer runs or not.
///
/// ```swift
/// let inspector = try Inspector(database: "connmix-durable.sqlite3")
/// var filter = JournalFilter()
/// filter.states = [.dead]
/// for entry in try inspector.entries(filter) {
///     logger.info("dead", metadata: ["entry": "\(entry.id)"])
/// }
/// ```
///
/// Every method reads with connections of its own, in short reads that let a busy consumer's log shrink, and blocks the calling thread
/// until it is through. They may be called from any thread, several at a time. Each throws ``ConnmixError`` where the file cannot be read:
/// `corrupt`, `noPermission`, `inputOutput`, or `busy` where it is locked for too long.
public final class Inspector: Sendable {
    private let store: SharedStore

    /// Opens a file to look into it.
    ///
    /// - Parameter database: the file's path.
    /// - Throws: `noSuchDatabase`; `foreignDatabase`, `newerDatabase` or `olderDatabase` where this version cannot read it.
    public init(database: String) throws {
        store = try SharedStore(path: database)
    }

    /// How database and consumer are doing, without counting rows: it takes milliseconds, whatever the file's size.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func status() throws -> StatusReport {
        let owner = store.owner()
        let pause = store.pause()
        let live = store.account()
        let size = store.size()
        return try read { connection in
            let run = try RunTable.newest(connection)
            // The owner has not begun its run: the newest one is a predecessor's, and what that said is no word of this one.
            let isOpening = owner.map { $0.since > (run?.startedAt ?? .min) } ?? false
            let account = owner == nil || isOpening ? nil : try RunTable.account(connection, of: run?.id)
            let work = try account?.workJSON.map { try AccountText.work($0) } ?? StatusReport.Work()
            let newest = try LossReader.Newest(connection, isLive: owner != nil, account: live)
            let takenAt = Clock.now()
            let atRisk = AtRisk(
                live: live, account: account.map { ($0.atRisk, $0.updatedAt) }, run: isOpening ? nil : newest.live)
            let high =
                run.map {
                    newest.atRiskHigh(of: $0.id, isClean: $0.isClean, recorded: $0.atRiskHigh, limit: $0.atRiskLimit)
                } ?? 0
            let journal = try Ledger.journal.counts(connection)
            let outbox = try Ledger.outbox.counts(connection)
            return StatusReport(
                consumer: .init(
                    isRunning: owner != nil, pid: owner?.pid, since: owner?.since,
                    ended: owner == nil ? try RunTable.newestEnd(connection, live: live) : nil, version: run?.version,
                    handlerVersion: run?.handlerVersion,
                    paused: owner == nil ? nil : RunTable.paused(pause, account: account?.paused)),
                topics: work.topics, handler: work.handler, handlerTrouble: work.trouble, held: work.held,
                centers: work.centers, centerTrouble: work.centerTrouble,
                paused: try Pauses.list(connection), probed: work.probed,
                nodes: try account.map { try Self.nodes($0.nodesJSON, of: run?.id, connection) } ?? [],
                waiting: try account?.waitingJSON.map { try AccountText.waiting($0) } ?? [],
                atRisk: atRisk.messages, atRiskHigh: owner == nil ? 0 : high, atRiskUpdatedAt: atRisk.updatedAt,
                lossBound: LossBound(
                    isRunning: owner != nil, now: atRisk.messages, high: high, limit: run?.atRiskLimit,
                    survivesPowerCut: run.map { $0.synchronous == Synchronous.full.rawValue },
                    age: atRisk.updatedAt.map { max(0, takenAt - $0) }),
                journal: EntryState.allCases.reduce(into: [:]) { $0[$1] = journal[$1.rawValue] ?? 0 },
                outbox: CommandState.allCases.reduce(into: [:]) { $0[$1] = outbox[$1.rawValue] ?? 0 },
                oldestEntry: try JournalReader.oldestOpen(connection),
                oldestCommand: try OutboxReader.oldestOpen(connection),
                database: .init(
                    path: store.path, bytes: size.database, walBytes: size.log,
                    schemaVersion: try connection.integer("PRAGMA user_version"), synchronous: run?.synchronous),
                takenAt: takenAt)
        }
    }

    /// The consumer's nodes, with why those are not consumed that are not.
    private static func nodes(_ json: String, of run: Int64?, _ connection: Connection) throws -> [StatusReport.Node] {
        let nodes = try AccountText.nodes(json)
        guard let run, nodes.contains(where: { $0.state != .consuming }) else { return nodes }
        let gaps = try LossReader.openGaps(connection, of: run)
        return nodes.map { node in
            guard node.state != .consuming, let gap = gaps[node.id] else { return node }
            var node = node
            (node.notConsumedSince, node.reason) = (gap.since, gap.reason)
            return node
        }
    }

    /// What the running consumer's commands wait for, longest first; empty where none runs.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func waiting() throws -> [StatusReport.Waiting] {
        guard store.owner() != nil else { return [] }
        return try read { connection in
            let account = try RunTable.account(connection, of: RunTable.newest(connection)?.id)
            return try account?.waitingJSON.map { try AccountText.waiting($0) } ?? []
        }
    }

    /// The newest runs, newest first; `limit` of them at most.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func runs(limit: Int = 50) throws -> [RunRecord] {
        let (isLive, account) = (store.owner() != nil, store.account())
        return try read { connection in
            try LossReader.runs(connection, limit: limit, newest: .init(connection, isLive: isLive, account: account))
        }
    }

    /// Connections to nodes, in the order of opening. The newest 10,000 are kept, less where ``Retention/age`` is shorter.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func epochs(_ filter: EpochFilter = .init()) throws -> [EpochRecord] {
        let (isLive, account) = (store.owner() != nil, store.account())
        return try read { connection in
            try LossReader.epochs(connection, filter, newest: .init(connection, isLive: isLive, account: account))
        }
    }

    /// Times in which nodes were not consumed, in the order of beginning. The newest 10,000 are kept, less where ``Retention/age`` is
    /// shorter.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func gaps(_ filter: GapFilter = .init()) throws -> [GapRecord] {
        try read { try LossReader.gaps($0, filter) }
    }

    /// Copies that took the place of lost files, oldest first: what came into a lost file after its copy was made is unknown.
    public func adoptions() throws -> [AdoptionRecord] {
        try read { try AdoptionTable.list($0) }
    }

    /// The lanes that stand still behind a dead entry, oldest first.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func parkedLanes() throws -> [ParkedLane] {
        try read { try ParkedLanes.list($0) }
    }

    /// An entry and all that belongs to it; the payloads where `withData` says so.
    ///
    /// - Throws: `notFound`.
    public func entry(_ id: Int64, withData: Bool = true) throws -> JournalDetail {
        try read { connection in
            var filter = JournalFilter()
            filter.ids = [id...id]
            guard let entry = try JournalReader.list(connection, filter, withData: withData).first else {
                throw ConnmixError(.notFound, "the journal has no entry \(id)")
            }
            var commands = OutboxFilter()
            commands.message = id
            commands.order = .oldest
            commands.limit = 10_000
            return JournalDetail(
                entry: entry, attempts: try JournalReader.attempts(connection, of: id),
                commands: try OutboxReader.list(connection, commands, withData: withData),
                replays: try JournalReader.replays(connection, of: id))
        }
    }

    /// The outbox does not know the journal; what joins the two stands here.
    static func joined(_ filter: OutboxFilter) -> Query {
        var query = Query()
        if let topic = filter.topic {
            query.add(
                "EXISTS (SELECT 1 FROM journal AS j WHERE j.id = outbox.message_id AND j.topic = ?)", .text(topic))
        }
        if let version = filter.handlerVersion {
            query.add(
                """
                EXISTS (SELECT 1 FROM journal AS j JOIN run AS r ON r.id = j.run
                    WHERE j.id = outbox.message_id AND r.handler_version = ?)
                """, .text(version))
        }
        return query
    }

    /// One command; its payload where `withData` says so.
    ///
    /// - Throws: `notFound`.
    public func command(_ id: Int64, withData: Bool = true) throws -> OutboxRecord {
        var filter = OutboxFilter()
        filter.ids = [id...id]
        guard let command = try commands(filter, withData: withData).first else {
            throw ConnmixError(.notFound, "the outbox has no command \(id)")
        }
        return command
    }

    /// One moment of the file for all that `body` reads.
    func read<T>(_ body: (Connection) throws -> T) throws -> T {
        try store.read { connection in
            try connection.execute("BEGIN")
            let result = try body(connection)
            try connection.execute("COMMIT")
            return result
        }
    }
}

/// How much a running consumer has at risk: by its own word, which is true at once, or by its rows where an earlier version runs.
private struct AtRisk {
    var messages: Int64 = 0
    var updatedAt: Int64?

    /// - Parameter run: the one that goes on.
    init(live: LiveAccount.Reading?, account: (atRisk: Int64, updatedAt: Int64)?, run: Int64?) {
        guard let run else { return }
        if let live, live.run == run {
            (messages, updatedAt) = (live.atRisk, live.updatedAt)
        } else if let account {
            (messages, updatedAt) = (account.atRisk, min(max(0, account.updatedAt), Clock.now()))
        }
    }
}
