import ConnmixDurable

/// `status` for people.
enum StatusScreen {
    private static let shownCauses = 5

    static func text(_ snapshot: StatusSnapshot, _ terminal: Terminal) -> String {
        facts(snapshot, terminal) + "\n" + ledgers(snapshot.status, terminal) + dead(snapshot.activity, terminal)
    }

    private static func facts(_ snapshot: StatusSnapshot, _ terminal: Terminal) -> String {
        let status = snapshot.status
        let consumer = status.consumer
        var sheet = FactSheet()
        if consumer.isRunning {
            let pid = consumer.pid.map { $0 == 0 ? "unknown" : "\($0)" } ?? "unknown"
            let since = consumer.since.map { $0 == 0 ? "" : ", for \(Age.text($0, now: status.takenAt))" } ?? ""
            sheet.add("consumer", "running, pid \(pid)\(since), version \(consumer.version ?? "unknown")", .green)
        } else {
            sheet.add("consumer", "not running: \(consumer.whyNot(now: status.takenAt))", .yellow)
        }
        sheet.add("handler", [status.handler, consumer.handlerVersion].compactMap { $0 }.joined(separator: ", version "))
        sheet.add("topics", status.topics.joined(separator: ", "))
        sheet.add(
            "workers",
            status.handlerTrouble.map { "cannot run, for \(Age.text($0.since, now: status.takenAt)): \($0.reason)" }, .red)
        sheet.add("held", status.held?.text(now: status.takenAt), status.held?.isAll == true ? .red : .yellow)
        sheet.add("center", status.centerText, .red)
        sheet.add("paused", consumer.paused, .red)
        for (index, pause) in status.paused.enumerated() {
            sheet.add(index == 0 ? "by hand" : " ", pause.text(now: status.takenAt), .yellow)
        }
        for (index, outage) in status.probed.enumerated() {
            sheet.add(index == 0 ? "probing" : " ", outage.text(now: status.takenAt), .red)
        }
        for (index, node) in status.nodes.enumerated() {
            sheet.add(
                index == 0 ? "nodes" : " ", "\(node.id)  \(node.address)  \(node.stateText(now: status.takenAt))",
                node.state == .consuming ? .green : .yellow)
        }
        for (index, entry) in status.waiting.enumerated() {
            sheet.add(index == 0 ? "waiting" : " ", entry.text(now: status.takenAt), .yellow)
        }
        if consumer.isRunning {
            if status.nodes.isEmpty { sheet.add("nodes", "none", .yellow) }
            let age = status.lossBound.ageText
            sheet.add(
                "at risk",
                "\(status.atRisk) messages, at most \(status.atRiskHigh) in this run\(age.map { ", \($0)" } ?? "")",
                age == nil ? nil : .yellow)
        }
        sheet.add("loss bound", status.lossBound.text)
        sheet.add("rates", rates(snapshot))
        let parked = snapshot.activity.parkedLanes
        sheet.add("parked", parked > 0 ? "\(parked) lane\(parked == 1 ? "" : "s"); see lanes list" : nil, .red)
        let database = status.database
        sheet.add("database", database.path)
        let synchronous = database.synchronous.map { ", synchronous \($0)" } ?? ""
        sheet.add(
            "size",
            "\(ByteText.text(database.bytes)) and \(ByteText.text(database.walBytes)) log, schema \(database.schemaVersion)\(synchronous)"
        )
        return sheet.text(terminal)
    }

    private static func rates(_ snapshot: StatusSnapshot) -> String {
        guard let rates = snapshot.rates else {
            let activity = snapshot.activity
            return "\(activity.receivedLastMinute) received and \(activity.failedLastMinute) attempts failed in the last minute"
        }
        return [
            ("received", rates.received), ("handled", rates.handled), ("sent", rates.sent), ("failed", rates.failed),
        ].map { "\(RateText.text($0.1))/s \($0.0)" }.joined(separator: ", ")
    }

    /// What died in the last hour, by cause.
    static func dead(_ activity: ActivityReport, _ terminal: Terminal) -> String {
        guard !activity.deadLastHour.isEmpty else { return "" }
        var table = Table([
            .init(title: "DEAD IN THE LAST HOUR", isNumber: true, colour: { _ in .red }), .init(title: "newest", isNumber: true),
            .init(title: "id"), .init(title: "cause", isFlexible: true),
        ])
        for cause in activity.deadLastHour.prefix(shownCauses) {
            table.add(["\(cause.count)", "\(cause.newestEntry)", cause.id, cause.cause])
        }
        let hidden = activity.deadLastHour.dropFirst(shownCauses).reduce(0) { $0 + $1.count }
        if hidden > 0 { table.add(["\(hidden)", "", "", "other causes"]) }
        if activity.isDeadLastHourCut { table.add(["and more", "", "", "only the newest failures were looked at"]) }
        return "\n" + table.text(terminal)
    }

    static func ledgers(_ status: StatusReport, _ terminal: Terminal) -> String {
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
}

extension StatusReport {
    /// What is wrong with the centers, which they are, and since when.
    var centerText: String? {
        centerTrouble.map { trouble in
            let names = centers.isEmpty ? "" : "\(centers.joined(separator: ", ")) "
            return "\(names)in trouble for \(Age.text(trouble.since, now: takenAt)): \(trouble.reason)"
        }
    }
}

extension StatusReport.Held {
    /// How many handlers do not come back, and from which messages.
    func text(now: Int64) -> String {
        let which = messages.map { "\($0.entry) for \(Age.text($0.since, now: now))" }.joined(separator: ", ")
        let others = count - Int64(messages.count)
        return
            "\(count) of \(handlers) handlers have had one message for long: \(which)\(others > 0 ? " and \(others) others" : "")"
            + (isAll ? "; nothing else is handled" : "")
    }
}

extension StatusReport.Node {
    /// Its state, and where it is not consumed for how long and why.
    func stateText(now: Int64) -> String {
        guard let notConsumedSince else { return state.rawValue }
        return "\(state), not consumed for \(Age.text(notConsumedSince, now: now))\(reason.map { ": \($0)" } ?? "")"
    }
}
