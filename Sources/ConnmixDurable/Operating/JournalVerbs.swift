/// The verbs of operators. Like all verbs they take the open transaction and never commit.
///
/// None touches an entry that is claimed: the running consumer may rely on the state of those. `time` is the action's, the same
/// in all its transactions, so that undo can tell whether an entry is still as the action left it.
extension JournalTable {
    /// Dead entries, and waiting ones whose time has not come, may be handled now.
    ///
    /// A dead entry's attempts are counted anew, else it would be dead after one more; those it had stay in `attempt`, whose key
    /// holds the time beside the number. A waiting one keeps its count. The head of a parked lane opens it, and goes first.
    static func retryNow(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        switch before.state {
        case .dead, .pending:
            if before.state == .pending, before.stateAt <= time { return .skipped(.isDueAlready) }
            try put(transaction, id, before, left(by: .retry, before, time))
            return .applied(before: before.json)
        case .running, .done, .discarded:
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
        case .running, .done, .discarded:
            return .skipped(.wrongState("\(before.state)"))
        }
    }

    static func restore(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        switch before.state {
        case .discarded:
            try put(transaction, id, before, left(by: .restore, before, time))
            return .applied(before: before.json)
        case .pending, .running, .done, .dead:
            return .skipped(.wrongState("\(before.state)"))
        }
    }

    /// The lane behind a dead head is opened; the head stays dead.
    static func skip(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        guard before.isParked else { return .skipped(.wrongState("\(before.state)")) }
        try put(transaction, id, before, left(by: .skip, before, time))
        return .applied(before: before.json)
    }

    /// Makes a new entry of an old one, which is left as it is.
    ///
    /// The dedupe key stays behind: the new entry is meant to be handled.
    static func replay(_ transaction: Transaction, id: Int64, payload: [UInt8]?, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
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
        return .applied(before: before.json, result: new)
    }

    /// Puts one entry of an action back to its before-image, where nothing has happened to it since.
    static func undo(
        _ transaction: Transaction, _ item: ActionLog.Item, of verb: OperatorVerb, since: Int64, time: Int64
    ) throws -> Intervention {
        if verb == .importing { return try undoImport(transaction, item, time: time) }
        if verb == .replay {
            guard let new = item.result, let before = try image(transaction, of: new) else { return .skipped(.notFound) }
            guard before.state == .pending else { return .skipped(.changed("\(before.state)")) }
            try put(transaction, new, before, left(by: .discard, before, time))
            return .applied(before: before.json, result: new)
        }
        guard let found = try image(transaction, of: item.row) else { return .skipped(.notFound) }
        let old = try EntryImage(json: item.before, of: item.row, transaction.connection)
        guard found == left(by: verb, old, since) else { return .skipped(.changed("\(found.state)")) }
        try put(transaction, item.row, found, old)
        return .applied(before: found.json)
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
        case .retry:
            EntryImage(state: .pending, attempts: before.state == .dead ? 0 : before.attempts, stateAt: time)
        case .discard: EntryImage(state: .discarded, attempts: before.attempts, stateAt: time)
        case .restore: EntryImage(state: .pending, attempts: 0, stateAt: time)
        case .skip: EntryImage(state: before.state, attempts: before.attempts, stateAt: before.stateAt)
        case .replay, .cancel, .prune, .importing, .undo: before
        }
    }

    private static func image(_ transaction: Transaction, of id: Int64) throws -> EntryImage? {
        let select = try transaction.connection.statement(
            """
            SELECT state, attempts, state_at, state = 9 AND EXISTS (SELECT 1 FROM parked_lane AS p
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
