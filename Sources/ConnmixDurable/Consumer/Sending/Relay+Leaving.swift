/// How a command leaves: settled, or for the file.
extension Relay {
    /// The command has ended.
    mutating func leave(_ id: Int64) {
        leaveForFile(id)
        if !troubles.isEmpty { troubles[id] = nil }
    }

    /// The command is not in memory any more.
    mutating func leaveForFile(_ id: Int64) {
        window.removeIfPresent(id)
        leftMemory(id)
        lookAgain(from: aside.ended(id))
    }

    /// What waited for it in memory need not.
    mutating func leftMemory(_ id: Int64) {
        releaseHeld(by: id)
        if !troubles.isEmpty, troubles[id] != nil { endTest(of: id) }
    }

    mutating func releaseHeld(by id: Int64) {
        guard !held.isEmpty, let waiting = held.removeValue(forKey: id) else { return }
        for id in waiting where !isUnderWay(id) { window.makeReady(id) }
    }

    mutating func expire(_ id: Int64, _ item: OutgoingCommand) -> Change {
        settle(id, item, .expired, node: nil, error: OutgoingCommand.expiry(writes: item.writes))
    }

    mutating func bury(_ id: Int64, _ item: OutgoingCommand, code: Int64?, reason: String) -> Change {
        settle(id, item, .dead, node: nil, code: code, error: reason)
    }

    mutating func settle(
        _ id: Int64, _ item: OutgoingCommand, _ state: CommandState, node: String?, code: Int64? = nil, error: String
    ) -> Change {
        settled(id)
        return .settled(
            id: id,
            Settlement(
                state: state, attempts: item.attempts, writes: item.writes, node: node, code: code, error: error,
                isAcknowledgement: item.isAcknowledgement))
    }

    mutating func succeed(_ id: Int64, _ item: OutgoingCommand, _ result: EngineResult, node: String) -> Change {
        settled(id)
        var settlement = Settlement(state: .sent, attempts: item.attempts, writes: item.writes, node: node)
        if case .publish = item.command.kind {
            settlement.delivered = result.delivered
            settlement.failed = result.failed
        }
        let isPlain = settlement.delivered == nil && settlement.failed == nil && item.node == node
        return .sent(id: id, atFirstTry: isPlain && item.attempts == 1 && item.writes == 1, settlement)
    }

    private mutating func settled(_ id: Int64) {
        assert(window.contains(id), "a command was settled that is not in memory")
        assert(!isUnderWay(id), "a command was settled while it is under way")
        leave(id)
        unmarked.insert(id)
    }
}
