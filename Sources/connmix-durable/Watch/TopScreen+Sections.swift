import ConnmixDurable

/// Nodes, lanes and causes, in the room that is left.
extension TopScreen {
    private struct Section {
        let title: String
        var rows: [ScreenLine]
        /// The row that must be seen.
        var chosen: Int?
    }

    func sections(_ snapshot: StatusSnapshot, room: Int) -> [String] {
        let all = [nodes(snapshot), topics(snapshot), parked(snapshot), causes(snapshot)].filter { !$0.rows.isEmpty }
        // Each section has a title and a row at least; what is left goes round.
        var shares = all.map { _ in 1 }
        let gaps = isLarge ? max(0, all.count - 1) : 0
        var left = room - 2 * all.count - gaps
        while left > 0,
            let needy = all.indices.first(where: { shares[$0] < all[$0].rows.count && shares[$0] == leastShare(all, shares) })
        {
            shares[needy] += 1
            left -= 1
        }
        let texts = zip(all, shares).map { lines($0, share: $1).map { $0.text(terminal) } }
        return Array(texts.joined(separator: isLarge ? [""] : []))
    }

    private func lines(_ section: Section, share: Int) -> [ScreenLine] {
        let count = section.rows.count
        var title = ScreenLine(section.title, .dim)
        if let chosen = section.chosen {
            let first = Self.first(of: count, around: chosen, room: share)
            if count > share { title.add("; \(first + 1) to \(first + share) of \(count) are shown", .dim) }
            return [title] + section.rows[first..<min(first + share, count)]
        }
        guard count > share else { return [title] + section.rows }
        return [title] + section.rows.prefix(share - 1) + [ScreenLine("and \(count - share + 1) more", .dim)]
    }

    /// The first of the rows that are shown, so that the chosen one is among them.
    static func first(of count: Int, around chosen: Int, room: Int) -> Int {
        max(0, min(chosen - (room - 1) / 2, count - room))
    }

    private func leastShare(_ all: [Section], _ shares: [Int]) -> Int? {
        all.indices.filter { shares[$0] < all[$0].rows.count }.map { shares[$0] }.min()
    }

    private func nodes(_ snapshot: StatusSnapshot) -> Section {
        let status = snapshot.status
        let limit = isLarge ? 50 : 30
        let names = status.nodes.map { $0.id.escapedForTerminal.displayWidth }.max() ?? 0
        let rows =
            status.nodes.map { node in
                var line = ScreenLine(node.id.escapedForTerminal.cut(to: limit).padded(to: min(limit, names)) + "  ")
                line.add(node.address.padded(to: 22) + "  ")
                line.add(
                    node.stateText(now: status.takenAt).escapedForTerminal, node.state == .consuming ? .green : .yellow)
                return line
            }
            + status.waiting.map { ScreenLine($0.text(now: status.takenAt).escapedForTerminal, .yellow) }
        let age = status.lossBound.ageText.map { ", \($0)" } ?? ""
        return Section(title: "NODES  at risk \(status.atRisk), at most \(status.atRiskHigh) in this run\(age)", rows: rows)
    }

    private func topics(_ snapshot: StatusSnapshot) -> Section {
        let status = snapshot.status
        let rows =
            status.probed.map { ScreenLine($0.text(now: status.takenAt).escapedForTerminal, .red) }
            + status.paused.map { ScreenLine($0.text(now: status.takenAt).escapedForTerminal, .yellow) }
        return Section(title: "TOPICS THAT REST  \(rows.count)", rows: rows)
    }

    private func parked(_ snapshot: StatusSnapshot) -> Section {
        let rows = model.lanes.map { lane in
            var line = ScreenLine(lane.lane.escapedForTerminal.cut(to: 30).padded(to: 30) + "  ", .yellow)
            line.add("entry \(lane.entry)  \(Age.text(lane.parkedAt, now: snapshot.status.takenAt))  ")
            line.add(lane.reason, .dim)
            return line
        }
        return Section(title: "PARKED LANES  \(snapshot.activity.parkedLanes)", rows: rows)
    }

    private func causes(_ snapshot: StatusSnapshot) -> Section {
        let status = snapshot.status
        guard let causes = model.causes else {
            let isTroubled = (status.journal[.dead] ?? 0) > 0
            return Section(title: "CAUSES", rows: isTroubled ? [ScreenLine("looking ...", .dim)] : [])
        }
        let lost = [CommandState.dead, .expired, .unknown].reduce(0) { $0 + (status.outbox[$1] ?? 0) }
        let dead = status.journal[.dead] ?? 0
        var title = "CAUSES  \(dead) message\(dead == 1 ? "" : "s") dead, \(lost) command\(lost == 1 ? "" : "s") given up"
        if model.areCausesCut { title += "; of the newest \(TopRead.causeLimit)" }
        let rows = causes.enumerated().map { row($1, isChosen: $0 == model.index, now: status.takenAt) }
        return Section(title: title, rows: rows, chosen: causes.isEmpty ? nil : model.index)
    }

    private func row(_ cause: TopCause, isChosen: Bool, now: Int64) -> ScreenLine {
        var line = ScreenLine(isChosen ? "> " : "  ", .cyan)
        line.add(cause.cause.id + "  ", isChosen ? .bold : .dim)
        line.add("\(cause.cause.messages)".padded(to: 7, atRight: false), .red)
        let unit = cause.ledger == .journal ? "message" : "command"
        line.add(" " + (unit + (cause.cause.messages == 1 ? "" : "s")).padded(to: 8) + "  ")
        // Causes are read after the look that the clock shows.
        line.add(Age.text(min(cause.cause.lastSeen, now), now: now).padded(to: 5, atRight: false) + "  ", .dim)
        if isLarge { line.add("newest \(cause.cause.example)".padded(to: 16) + "  ", .dim) }
        line.add(cause.cause.name, isChosen ? .bold : nil)
        return line
    }
}
