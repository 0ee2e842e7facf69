/// The summary, for people and programs.
extension DemoAccount {
    func text(database: String, _ terminal: Terminal) -> String {
        var table = Table([.init(title: ""), .init(title: "", isNumber: true), .init(title: "")])
        func row(_ name: String, _ count: Int, _ note: String = "") { table.add([name, "\(count)", note]) }
        row("sent by end users", sent)
        row("taken down by node \(restartedNode)", takenDown, "\(takenInQueue) in its queue, \(takenInSockets) in its sockets")
        row("journaled", journaled)
        row("handled", handled)
        row("commands", commands)
        row("  sent", commandsSent)
        row("  dead, client gone", clientGone, "end users of the restarted node")
        row("  dead, node gone", nodeGone)
        row("received by end users", answered, repeats > 0 ? "and \(repeats) a second time" : "")
        let rows = table.text(terminal).split(separator: "\n", omittingEmptySubsequences: true)
            .filter { !$0.allSatisfy { $0 == " " } }.joined(separator: "\n")
        let verdict = terminal.paint("lost: \(lost)", lost == 0 && problems.isEmpty ? .green : .red)
        let path = Self.quoted(database)
        return """
            \(rows)
            \(verdict)

            Look at it:
              connmix-durable status --database \(path)
              connmix-durable journal list --database \(path)
              connmix-durable outbox list --state dead --database \(path)

            """
    }

    func write(to writer: inout JSONWriter, database: String) {
        let members: [(String, Int)] = [
            ("sent", sent), ("taken_in_queue", takenInQueue), ("taken_in_sockets", takenInSockets),
            ("journaled", journaled), ("handled", handled), ("commands", commands), ("commands_sent", commandsSent),
            ("client_gone", clientGone), ("node_gone", nodeGone), ("received", answered), ("repeats", repeats),
            ("lost", lost),
        ]
        writer.key("database"); writer.string(database)
        writer.key("restarted_node"); writer.string(restartedNode)
        for (name, count) in members { writer.key(name); writer.integer(count) }
        writer.key("problems")
        writer.array(problems) { $0.string($1) }
    }

    /// As a shell takes it.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+".contains($0)) }
        return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    }
}
