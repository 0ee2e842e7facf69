/// The verbs of operators. Like all verbs they take the open transaction and never commit. `time` is the action's, the same in all
/// its transactions, so that undo can tell whether a command is still as the action left it.
extension OutboxTable {
    /// Commands that ended without success, publishes that reached only some, and waiting ones whose time has not come, are sent
    /// now. Their answers are counted anew, and they do not expire.
    static func retryNow(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        switch before.state {
        case .pending where before.stateAt <= time:
            return .skipped(.isDueAlready)
        case .sent where try !isPartial(transaction, id):
            return .skipped(.wrongState("\(before.state)"))
        case .pending, .sent, .dead, .expired, .cancelled, .superseded, .unknown:
            try put(transaction, id, before, left(by: .retry, before, time))
            return .applied(before: before.json)
        }
    }

    /// Waiting commands are not sent; one that is in flight may be applied all the same. Those that were given up are put aside.
    static func cancel(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        guard let before = try image(transaction, of: id) else { return .skipped(.notFound) }
        switch before.state {
        case .pending, .dead, .expired, .unknown:
            try put(transaction, id, before, left(by: .cancel, before, time))
            return .applied(before: before.json)
        case .sent, .cancelled, .superseded:
            return .skipped(.wrongState("\(before.state)"))
        }
    }

    /// Puts one command of an action back to its before-image, where nothing has happened to it since.
    static func undo(
        _ transaction: Transaction, _ item: ActionLog.Item, of verb: OperatorVerb, since: Int64, time: Int64
    ) throws -> Intervention {
        guard let found = try image(transaction, of: item.row) else { return .skipped(.notFound) }
        let old = try CommandImage(json: item.before, of: item.row, transaction.connection)
        var left = left(by: verb, old, since)
        // Version 1.0.0 did not note it.
        if verb == .retry, found.flags & CommandFlags.retried.rawValue == 0 { left.flags &= ~CommandFlags.retried.rawValue }
        guard found == left else { return .skipped(.changed("\(found.state)")) }
        try put(transaction, item.row, found, old)
        return .applied(before: found.json)
    }

    // MARK: -

    /// How a verb leaves a command that was as `before`.
    private static func left(by verb: OperatorVerb, _ before: CommandImage, _ time: Int64) -> CommandImage {
        var after = before
        switch verb {
        case .retry:
            after = CommandImage(
                state: .pending, attempts: 0, stateAt: time, expiresAt: nil,
                flags: before.flags & ~CommandFlags.writing.rawValue | CommandFlags.retried.rawValue)
        case .cancel:
            after.state = .cancelled
            after.stateAt = time
        case .replay, .discard, .restore, .skip, .prune, .importing, .undo, .pause, .resume:
            break
        }
        return after
    }

    private static func image(_ transaction: Transaction, of id: Int64) throws -> CommandImage? {
        let select = try transaction.connection.statement(
            "SELECT state, attempts, state_at, expires_at, flags FROM outbox WHERE id = ?1")
        select.bind(1, id)
        return try select.first { try CommandImage($0, "command \(id)") }
    }

    private static func isPartial(_ transaction: Transaction, _ id: Int64) throws -> Bool {
        let select = try transaction.connection.statement("SELECT failed > 0 FROM outbox WHERE id = ?1")
        select.bind(1, id)
        return try select.first { $0.int(0) != 0 } ?? false
    }

    private static func put(
        _ transaction: Transaction, _ id: Int64, _ before: CommandImage, _ after: CommandImage
    ) throws {
        let update = try transaction.connection.statement(
            "UPDATE OR FAIL outbox SET state = ?2, attempts = ?3, state_at = ?4, expires_at = ?5, flags = ?6 WHERE id = ?1")
        update.bind(1, id)
        update.bind(2, after.state.rawValue)
        update.bind(3, after.attempts)
        update.bind(4, after.stateAt)
        update.bind(5, after.expiresAt)
        update.bind(6, after.flags)
        try update.run()
        transaction.count(1, from: before.state.rawValue, to: after.state.rawValue, in: .outbox)
    }
}
