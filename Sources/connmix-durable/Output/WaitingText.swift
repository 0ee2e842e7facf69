import ConnmixDurable

extension StatusReport.Waiting {
    /// What waits, for whom and since when.
    func text(now: Int64) -> String {
        let what = "\(commands) command\(commands == 1 ? "" : "s")"
        return "\(what) for \(nodeText(now: now))"
    }

    /// Whom something waits for, and since when.
    func nodeText(now: Int64) -> String { "node \(node), away for \(Age.text(since, now: now))" }
}

extension OutboxRecord {
    /// Which node the command waits for, of those that something waits for.
    func awaited(among waiting: [StatusReport.Waiting]) -> StatusReport.Waiting? {
        guard state == .pending, function != nil || client == nil && channel == nil else { return nil }
        return waiting.first { node == nil || $0.node == node }
    }
}
