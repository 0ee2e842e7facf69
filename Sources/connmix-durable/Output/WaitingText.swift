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

extension CommandWait {
    /// What a command waits for.
    func text(now: Int64) -> String {
        switch self {
        case .consumer: return "for a consumer: none runs on this file"
        case .connection: return "for a connection: no node is connected"
        case .behind(let command, let others):
            let more = others == 0 ? "" : others == 1 ? " and 1 other" : " and \(others) others"
            return "behind command \(command)\(more)"
        case .time(let until): return "until \(Timestamp.text(until)), \(Age.text(until, now: now))"
        case .answer: return "for the engine's answer: it is on its way, or goes next"
        case .node(let node, let since): return "for node \(node), away for \(Age.text(since, now: now))"
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.key("for")
        switch self {
        case .consumer: writer.string("consumer")
        case .connection: writer.string("connection")
        case .behind(let command, let others):
            writer.string("behind")
            writer.key("command"); writer.integer(command)
            writer.key("others"); writer.integer(others)
        case .time(let until):
            writer.string("time")
            writer.key("until"); writer.time(until)
        case .answer: writer.string("answer")
        case .node(let node, let since):
            writer.string("node")
            writer.key("node"); writer.string(node)
            writer.key("since"); writer.time(since)
        }
    }
}
