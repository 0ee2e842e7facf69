import ConnmixDurable

/// `top` as lines of a terminal. Pure.
struct TopScreen {
    static let leastWidth = 80
    static let leastHeight = 24

    private let model: TopModel
    private let terminal: Terminal
    private let width: Int
    private let height: Int

    /// - Returns: at most `height` lines, none wider than `width`.
    static func lines(_ model: TopModel, width: Int, height: Int, hasColour: Bool, hasUnicode: Bool = true) -> [String] {
        TopScreen(
            model: model, terminal: Terminal(width: width, hasColour: hasColour, hasUnicode: hasUnicode), width: width,
            height: height
        ).lines
    }

    private var lines: [String] {
        guard width >= Self.leastWidth, height >= Self.leastHeight else {
            return [
                ScreenLine("top needs \(Self.leastWidth) columns and \(Self.leastHeight) lines;", .yellow),
                ScreenLine("here are \(width) and \(height). q quits", .yellow),
            ].prefix(height).map { $0.text(terminal) }
        }
        guard let snapshot = model.snapshot else { return [ScreenLine(model.trouble ?? "looking ...").text(terminal)] }
        var lines = [header(snapshot), alert(snapshot)].map { $0.text(terminal) }
        lines += rates.map { $0.text(terminal) }
        lines.append("")
        let ledgers = StatusScreen.ledgers(snapshot.status, terminal)
        lines += ledgers.split(separator: "\n").map(String.init)
        lines.append("")
        // The last line is for the keys.
        lines += sections(snapshot, room: height - lines.count - 1)
        while lines.count < height - 1 { lines.append("") }
        return lines + [footer.text(terminal)]
    }

    // MARK: Parts

    private func header(_ snapshot: StatusSnapshot) -> ScreenLine {
        let (status, consumer) = (snapshot.status, snapshot.status.consumer)
        var right = ScreenLine()
        let colour: Colour = consumer.isRunning ? .green : .yellow
        right.add(
            (terminal.hasUnicode ? consumer.isRunning ? "● " : "○ " : "")
                + (consumer.isRunning ? "running, pid \(consumer.pid ?? 0)" : "not running"), colour)
        if consumer.isRunning, let since = consumer.since, since != 0 {
            right.add(" for \(Age.text(since, now: status.takenAt))")
        }
        right.add("  " + Timestamp.text(status.takenAt).dropFirst(11).prefix(8), .dim)
        let room = width - right.width
        var line = ScreenLine(status.database.path.escapedForTerminal.cut(to: room - 1), .bold)
        line.advance(to: room)
        line.add(right)
        return line
    }

    /// What somebody should look at first.
    private func alert(_ snapshot: StatusSnapshot) -> ScreenLine {
        if let trouble = model.trouble { return ScreenLine("cannot look: \(trouble)", .red) }
        if let paused = snapshot.status.consumer.paused { return ScreenLine("nothing is taken: \(paused)", .red) }
        if let trouble = snapshot.status.handlerTrouble {
            return ScreenLine("handlers cannot run: \(trouble.reason.escapedForTerminal)", .red)
        }
        let nodes = snapshot.status.nodes
        if snapshot.status.consumer.isRunning, !nodes.contains(where: { $0.state == .consuming }) {
            return ScreenLine(nodes.isEmpty ? "no node is known: is the center reachable?" : "no node is being consumed", .red)
        }
        return ScreenLine()
    }

    private var rates: [ScreenLine] {
        let rows: [(String, KeyPath<ActivityReport.Rates, Double>, Colour?)] = [
            ("received", \.received, .cyan), ("handled", \.handled, .green), ("sent", \.sent, .green), ("failed", \.failed, .red),
        ]
        return rows.map { name, rate, colour in
            var line = ScreenLine(name.padded(to: 9), .dim)
            let now = model.history.last.map { RateText.text($0[keyPath: rate]) + "/s" } ?? "-"
            let isQuiet = model.history.allSatisfy { $0[keyPath: rate] == 0 }
            line.add(now.padded(to: 8, atRight: false) + "  ", isQuiet ? .dim : colour)
            let bars = Sparkline.text(
                model.history.lazy.map { $0[keyPath: rate] }, width: width - line.width,
                hasUnicode: terminal.hasUnicode)
            line.add(bars, isQuiet ? .dim : colour)
            return line
        }
    }

    private func sections(_ snapshot: StatusSnapshot, room: Int) -> [String] {
        let all = [nodes(snapshot), parked(snapshot), dead(snapshot)].filter { !$0.rows.isEmpty }
        // Each section has a title and a row at least; what is left goes round.
        var shares = all.map { _ in 1 }
        var left = room - 2 * all.count
        while left > 0,
            let needy = all.indices.first(where: { shares[$0] < all[$0].rows.count && shares[$0] == leastShare(all, shares) })
        {
            shares[needy] += 1
            left -= 1
        }
        return zip(all, shares).flatMap { section, share in
            let hidden = section.rows.count - share
            var rows = section.rows.prefix(hidden > 0 ? share - 1 : share).map { $0.text(terminal) }
            if hidden > 0 { rows.append(ScreenLine("and \(hidden + 1) more", .dim).text(terminal)) }
            return [ScreenLine(section.title, .dim).text(terminal)] + rows
        }
    }

    private struct Section {
        let title: String
        let rows: [ScreenLine]
    }

    private func leastShare(_ all: [Section], _ shares: [Int]) -> Int? {
        all.indices.filter { shares[$0] < all[$0].rows.count }.map { shares[$0] }.min()
    }

    private func nodes(_ snapshot: StatusSnapshot) -> Section {
        let status = snapshot.status
        let names = status.nodes.map { $0.id.escapedForTerminal.displayWidth }.max() ?? 0
        let rows =
            status.nodes.map { node in
                var line = ScreenLine(node.id.escapedForTerminal.cut(to: 30).padded(to: min(30, names)) + "  ")
                line.add(node.address.padded(to: 22) + "  ")
                line.add(node.state.rawValue, node.state == .consuming ? .green : .yellow)
                return line
            }
            + status.waiting.map { ScreenLine($0.text(now: status.takenAt).escapedForTerminal, .yellow) }
        let age = status.lossBound.ageText.map { ", \($0)" } ?? ""
        return Section(title: "NODES  at risk \(status.atRisk), at most \(status.atRiskHigh) in this run\(age)", rows: rows)
    }

    private func parked(_ snapshot: StatusSnapshot) -> Section {
        let rows = model.lanes.map { lane in
            var line = ScreenLine(lane.lane.escapedForTerminal.cut(to: 30).padded(to: 30) + "  ", .yellow)
            line.add("entry \(lane.entry)  \(Age.text(lane.parkedAt, now: snapshot.status.takenAt))  ", .dim)
            line.add(lane.reason)
            return line
        }
        return Section(title: "PARKED LANES  \(snapshot.activity.parkedLanes)", rows: rows)
    }

    private func dead(_ snapshot: StatusSnapshot) -> Section {
        let activity = snapshot.activity
        let rows = activity.deadLastHour.map { cause in
            var line = ScreenLine("\(cause.count)".padded(to: 7, atRight: false) + "  ", .red)
            line.add("newest \(cause.newestEntry)  ", .dim)
            line.add(cause.cause)
            return line
        }
        let count = activity.deadLastHour.reduce(0) { $0 + $1.count }
        return Section(
            title: "DEAD IN THE LAST HOUR  \(activity.isDeadLastHourCut ? "more than " : "")\(count)", rows: rows)
    }

    private var footer: ScreenLine {
        var line = ScreenLine("q", .bold)
        line.add(" quit  ")
        line.add("space", .bold)
        line.add(model.isPaused ? " go on  " : " pause  ")
        line.add(model.isPaused ? "paused" : "every \(model.interval) s", model.isPaused ? .yellow : .dim)
        return line
    }
}
