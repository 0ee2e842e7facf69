/// The verbs of operators. Like all verbs they take the open transaction and never commit.
///
/// None touches an entry that is claimed: the running consumer may rely on the state of those. `time` is the action's, the same
/// in all its transactions, so that undo can tell whether an entry is still as the action left it.
extension JournalTable {
    /// Dead entries, and waiting ones whose time has not come, may be handled now.
    ///
    /// A dead entry's attempts are counted anew, else it would be dead after one more; those it had stay in `attempt`, whose key
    /// holds the time beside the number. A waiting one keeps its count. The head of a parked lane opens it, and goes first; one that was
    /// replayed (by an earlier version: replay opens the lane) only opens it, since its replay waits in the lane.
    static func retryNow(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        switch before.state {
        case .dead, .pending:
            if before.state == .pending, before.stateAt <= time { return .skipped(.isDueAlready) }
            try put(transaction, id, before, left(by: .retry, before, time))
            return .applied(before: before.json)
        case .replayed where before.isParked:
            try put(transaction, id, before, left(by: .retry, before, time))
            return .applied(before: before.json, opensOnly: true)
        case .running, .done, .discarded, .replayed:
            return .skipped(.wrongState("\(before.state)"))
        }
    }

    /// Pending and dead entries are put aside. The head of a parked lane opens it.
    static func discard(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        switch before.state {
        case .pending, .dead:
            try put(transaction, id, before, left(by: .discard, before, time))
            return .applied(before: before.json)
        case .running, .done, .discarded, .replayed:
            return .skipped(.wrongState("\(before.state)"))
        }
    }

    static func restore(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        switch before.state {
        case .discarded:
            try put(transaction, id, before, left(by: .restore, before, time))
            return .applied(before: before.json)
        case .pending, .running, .done, .dead, .replayed:
            return .skipped(.wrongState("\(before.state)"))
        }
    }

    /// The lane behind a dead head is opened; the head stays as it is.
    static func skip(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        guard before.isParked else { return .skipped(.wrongState("\(before.state)")) }
        try put(transaction, id, before, left(by: .skip, before, time))
        return .applied(before: before.json)
    }

    /// Makes a new entry of an old one. A dead one is `replayed` then; others are left as they are. The head of a parked lane opens it:
    /// the lane goes on without it, and the new entry waits in it like those that came before.
    ///
    /// The dedupe key stays behind: the new entry is meant to be handled.
    ///
    /// - Parameter again: whether one that was replayed before is replayed once more.
    static func replay(
        _ transaction: Transaction, id: Int64, payload: [UInt8]?, again: Bool, time: Int64
    ) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        guard again || before.state != .replayed else { return .skipped(.wrongState("\(before.state)")) }
        let new = try transaction.nextID(.journal)
        let insert = try transaction.connection.statement(
            """
            INSERT INTO journal
                (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, lane, replay_of)
            SELECT ?2, 2, 0, flags & 1, 0, topic, node, client, ?3, ?3, coalesce(?4, data), lane, id
            FROM journal WHERE id = ?1
            """)
        insert.bind(1, id)
        insert.bind(2, new)
        insert.bind(3, time)
        if let payload { insert.bind(4, copying: payload) }
        try insert.run()
        transaction.count(1, to: EntryState.pending.rawValue, in: .journal)
        if before.state == .dead { try put(transaction, id, before, left(by: .replay, before, time)) }
        return .applied(before: before.json, result: new)
    }

    /// Puts one entry of an action back to its before-image, where nothing has happened to it since.
    static func undo(
        _ transaction: Transaction, _ item: ActionLog.Item, of verb: OperatorVerb, since: Int64, time: Int64
    ) throws -> Intervention {
        if verb == .importing { return try undoImport(transaction, item, time: time) }
        if verb == .replay { return try undoReplay(transaction, item, time: time) }
        guard let found = try image(transaction, of: item.row) else { return .skipped(.notFound) }
        let old = try EntryImage(json: item.before, of: item.row, transaction.connection)
        guard found == left(by: verb, old, since) else { return .skipped(.changed("\(found.state)")) }
        try put(transaction, item.row, found, old)
        return .applied(before: found.json)
    }

    /// Puts a replay aside that has not ended, and its original back among the dead, where it was.
    private static func undoReplay(_ transaction: Transaction, _ item: ActionLog.Item, time: Int64) throws -> Intervention {
        guard let new = item.result, let replay = try image(transaction, of: new) else { return .skipped(.notFound) }
        switch replay.state {
        case .pending:
            try put(transaction, new, replay, left(by: .discard, replay, time))
            try _ = revive(transaction, item)
        case .discarded where try revive(transaction, item):
            break
        case .running, .done, .dead, .discarded, .replayed:
            return .skipped(.replayChanged(entry: new, state: "\(replay.state)"))
        }
        return .applied(before: replay.json, result: new)
    }

    /// The original of a replay that was put aside is dead again, unless another replay stands in its place. One that had been replayed
    /// before is dead only where that replay was put aside too: where it is not there any more, it had ended and was pruned.
    ///
    /// - Returns: whether it was changed.
    private static func revive(_ transaction: Transaction, _ item: ActionLog.Item) throws -> Bool {
        guard let found = try image(transaction, of: item.row), found.state == .replayed else { return false }
        let others = try transaction.connection.statement(
            """
            SELECT count(*), coalesce(sum(state <> 10), 0) FROM journal
            WHERE replay_of IS NOT NULL AND replay_of = ?1 AND id <> ?2
            """)
        others.bind(1, item.row)
        others.bind(2, item.result ?? 0)
        let (putAside, standing) = try others.first { ($0.int(0) - $0.int(1), $0.int(1)) } ?? (0, 0)
        let old = try EntryImage(json: item.before, of: item.row, transaction.connection)
        guard standing == 0, old.state == .dead || putAside > 0 else { return false }
        var after = found
        after.state = .dead
        if old.state == .dead { (after.stateAt, after.isParked) = (old.stateAt, old.isParked || found.isParked) }
        try put(transaction, item.row, found, after)
        return true
    }

    /// Puts an entry that was imported aside, in whatever state it came, where nothing has happened to it since.
    private static func undoImport(_ transaction: Transaction, _ item: ActionLog.Item, time: Int64) throws -> Intervention {
        guard let new = item.result, let found = try image(transaction, of: new) else { return .skipped(.notFound) }
        // Earlier versions imported pending entries only, and recorded no image.
        let made =
            item.before == "{}"
            ? EntryImage(state: .pending, attempts: 0, stateAt: 0)
            : try EntryImage(json: item.before, of: new, transaction.connection)
        guard found == made || found.state == .pending && made.state == .pending else {
            return .skipped(.changed("\(found.state)"))
        }
        try put(transaction, new, found, left(by: .discard, found, time))
        let key = try transaction.connection.statement("SELECT dedupe_key FROM journal WHERE id = ?1")
        key.bind(1, new)
        if let key = try key.first({ $0.optionalText(0) }) ?? nil {
            try DedupeTable.forget(transaction, key: key, entry: new)
        }
        return .applied(before: found.json, result: new)
    }

    // MARK: -

    /// How a verb leaves an entry that was as `before`.
    private static func left(by verb: OperatorVerb, _ before: EntryImage, _ time: Int64) -> EntryImage {
        switch verb {
        case .retry where before.state == .replayed, .skip:
            EntryImage(state: before.state, attempts: before.attempts, stateAt: before.stateAt)
        case .retry:
            EntryImage(state: .pending, attempts: before.state == .dead ? 0 : before.attempts, stateAt: time)
        case .replay where before.state == .dead:
            EntryImage(state: .replayed, attempts: before.attempts, stateAt: time)
        case .discard: EntryImage(state: .discarded, attempts: before.attempts, stateAt: time)
        case .restore: EntryImage(state: .pending, attempts: 0, stateAt: time)
        case .replay, .cancel, .prune, .importing, .undo, .pause, .resume: before
        }
    }

    private static func image(_ transaction: Transaction, of id: Int64) throws -> EntryImage? {
        let select = try transaction.connection.statement(
            """
            SELECT state, attempts, state_at, state IN (9, 11) AND EXISTS (SELECT 1 FROM parked_lane AS p
                WHERE p.lane = coalesce(journal.lane, journal.client) AND p.entry = journal.id)
            FROM journal WHERE id = ?1
            """)
        select.bind(1, id)
        return try select.first { row in
            let state: EntryState = try row.known(0, "state", of: "journal entry \(id)")
            return EntryImage(state: state, attempts: row.int(1), stateAt: row.int(2), isParked: row.int(3) != 0)
        }
    }

    private static func put(
        _ transaction: Transaction, _ id: Int64, _ before: EntryImage, _ after: EntryImage
    ) throws {
        let update = try transaction.connection.statement(
            "UPDATE OR FAIL journal SET state = ?2, attempts = ?3, state_at = ?4 WHERE id = ?1")
        update.bind(1, id)
        update.bind(2, after.state.rawValue)
        update.bind(3, after.attempts)
        update.bind(4, after.stateAt)
        try update.run()
        transaction.count(1, from: before.state.rawValue, to: after.state.rawValue, in: .journal)
        if before.isParked, !after.isParked { try ParkedLanes.open(transaction, behind: id) }
        if !before.isParked, after.isParked { try ParkedLanes.park(transaction, behind: id) }
    }
}
