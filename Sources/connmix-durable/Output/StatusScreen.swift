import ConnmixDurable

/// `status` for people.
enum StatusScreen {
    static func text(_ status: StatusReport, _ terminal: Terminal) -> String {
        facts(status, terminal) + "\n" + ledgers(status, terminal)
    }

    private static func facts(_ status: StatusReport, _ terminal: Terminal) -> String {
        let consumer = status.consumer
        var sheet = FactSheet()
        if consumer.isRunning {
            let pid = consumer.pid.map { $0 == 0 ? "unknown" : "\($0)" } ?? "unknown"
            let since = consumer.since.map { $0 == 0 ? "" : ", for \(Age.text($0, now: status.takenAt))" } ?? ""
            sheet.add("consumer", "running, pid \(pid)\(since), version \(consumer.version ?? "unknown")", .green)
        } else {
            sheet.add("consumer", "not running", .yellow)
        }
        sheet.add("handler", consumer.handlerVersion)
        sheet.add("paused", consumer.paused, .red)
        for (index, node) in status.nodes.enumerated() {
            sheet.add(
                index == 0 ? "nodes" : " ", "\(node.id)  \(node.address)  \(node.state)",
                node.state == "consuming" ? .green : .yellow)
        }
        if consumer.isRunning {
            if status.nodes.isEmpty { sheet.add("nodes", "none", .yellow) }
            sheet.add("at risk", "\(status.atRisk) messages, at most \(status.atRiskHigh) in this run")
        }
        sheet.add("loss bound", status.lossBound.text)
        let database = status.database
        sheet.add("database", database.path)
        let synchronous = database.synchronous.map { ", synchronous \($0)" } ?? ""
        sheet.add(
            "size", "\(bytes(database.bytes)) and \(bytes(database.walBytes)) log, schema \(database.schemaVersion)\(synchronous)"
        )
        return sheet.text(terminal)
    }

    private static func ledgers(_ status: StatusReport, _ terminal: Terminal) -> String {
        let journal = EntryState.allCases.map { ($0.description, status.journal[$0] ?? 0) }
        let outbox = CommandState.allCases.map { ($0.description, status.outbox[$0] ?? 0) }
        return ledger("journal", journal, oldest: status.oldestEntry, status.takenAt, terminal) + "\n"
            + ledger("outbox", outbox, oldest: status.oldestCommand, status.takenAt, terminal)
    }

    private static func ledger(
        _ name: String, _ counts: [(String, Int64)], oldest: Int64?, _ now: Int64, _ terminal: Terminal
    ) -> String {
        var table = Table(
            [.init(title: name.uppercased().padded(to: 7))]
                + counts.map { state, count in
                    .init(title: state, isNumber: true, colour: { _ in count > 0 ? Colour(state: state) : .dim })
                } + [.init(title: "oldest", isNumber: true)])
        table.add([""] + counts.map { "\($0.1)" } + [oldest.map { Age.text($0, now: now) } ?? "-"])
        return table.text(terminal)
    }

    private static func bytes(_ count: Int64) -> String {
        switch count {
        case ..<1_000: "\(count) B"
        case ..<1_000_000: "\(count / 1_000) kB"
        case ..<10_000_000_000: "\(count / 1_000_000).\(count / 100_000 % 10) MB"
        default: "\(count / 1_000_000_000) GB"
        }
    }
}
