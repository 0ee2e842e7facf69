import ConnmixDurable

/// The rows of a cause, a row with all that belongs to it, and the keys.
extension TopScreen {
    // MARK: A list

    func rows(_ list: TopModel.List, _ snapshot: StatusSnapshot) -> [String] {
        var title = ScreenLine("CAUSE \(list.cause.cause.id)  ", .dim)
        title.add(list.cause.cause.name, .red)
        guard let rows = list.rows else { return [title.text(terminal), ScreenLine("looking ...", .dim).text(terminal)] }
        let (ledger, count) = (list.cause.ledger, rows.count)
        guard count > 0 else { return [title.text(terminal), ScreenLine("none is left", .dim).text(terminal)] }
        let room = bodyRoom - 3
        let first = Self.first(of: count, around: list.index, room: room)
        let last = min(first + room, count)
        var place = "\(list.isCut ? "the newest " : "")\(ledger.rows(count))"
        if count > room { place += "; \(first + 1) to \(last) are shown" }
        let lines = table(rows, now: snapshot.status.takenAt)
        return [title.text(terminal), ScreenLine(place, .dim).text(terminal), "  " + (lines.first ?? "")]
            + lines.dropFirst()[(first + 1)..<(last + 1)].enumerated().map { index, line in
                (first + index == list.index ? terminal.paint("> ", .cyan) : "  ") + line
            }
    }

    /// The header, and a line a row.
    private func table(_ rows: [TopRow], now: Int64) -> [String] {
        let isJournal = rows.first?.id.ledger == .journal
        var columns: [Table.Column] = [.init(title: "ID", isNumber: true)]
        if isLarge { columns += [.init(title: "STATE", colour: { Colour(state: $0) }), .init(title: "TRIES", isNumber: true)] }
        columns += [
            .init(title: "AGE", isNumber: true),
            .init(title: isJournal ? "TOPIC" : "KIND", limit: isLarge ? 24 : 12),
            .init(title: isJournal ? "CLIENT" : "TO", limit: isLarge ? 24 : 12),
            .init(title: isJournal ? "TEXT" : "DATA", isFlexible: true),
            .init(title: "ERROR", isFlexible: true, colour: { _ in .red }),
        ]
        var table = Table(columns)
        for row in rows {
            var cells = ["\(row.id.id)"]
            if isLarge { cells += [row.state, "\(row.attempts)"] }
            table.add(cells + [Age.text(row.at, now: now), row.kind, row.target, row.text, row.error])
        }
        let narrow = Terminal(width: width - 2, hasColour: terminal.hasColour, hasUnicode: terminal.hasUnicode)
        return table.text(narrow).split(separator: "\n").map(String.init)
    }

    // MARK: One row

    var detail: [String] {
        let lines = detailLines
        let first = max(0, min(model.opened?.offset ?? 0, lines.count - detailRoom))
        var title = model.opened?.row.name.uppercased() ?? ""
        if lines.count > detailRoom { title += "; lines \(first + 1) to \(first + detailRoom) of \(lines.count)" }
        return [ScreenLine(title, .dim).text(terminal)] + lines.dropFirst(first).prefix(detailRoom)
    }

    /// Below the title.
    var detailRoom: Int { max(1, bodyRoom - 1) }

    /// No row is shown in more lines.
    private static let lineLimit = 2_000
    /// Nor with more bytes beside its payload: a file may hold errors of any length.
    private static let textLimit = 256 << 10

    var detailLines: [String] {
        let now = model.snapshot?.status.takenAt ?? 0
        let plain = Terminal(width: width, hasColour: false, hasUnicode: terminal.hasUnicode)
        let (text, payload, size): (String, [UInt8], Int64)
        switch model.opened?.detail {
        case nil: return [ScreenLine("looking for \(model.opened?.row.name ?? "") ...", .dim).text(terminal)]
        case .entry(let entry, let bytes, let all)?: (text, payload, size) = (entry.text(plain, now: now), bytes, all)
        case .command(let command, let bytes, let all)?: (text, payload, size) = (command.text(plain, now: now), bytes, all)
        }
        let more = size > payload.count ? ", the first \(ByteText.text(Int64(payload.count)))" : ""
        var lines = text.boundedForPeople(Self.textLimit).split(separator: "\n", omittingEmptySubsequences: false).flatMap {
            $0.wrapped(to: width, indent: 4)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        lines += ["", "data  \(ByteText.text(size))\(more)"]
        lines += String(decoding: payload, as: UTF8.self).escapedForTerminal.wrapped(to: width)
        guard lines.count > Self.lineLimit else { return lines }
        return lines.prefix(Self.lineLimit) + [
            "the rest is shown by: connmix-durable \(model.opened?.row.ledger ?? .journal) show"
        ]
    }

    // MARK: Keys

    var help: [String] {
        let keys = [
            ("arrows, j, k", "choose a cause or a row; scroll what is shown"),
            ("page, home, end, g, G", "the same, further"),
            ("enter, right, l", "list the rows of the cause; show the row"),
            ("esc, left", "back"),
            ("r", "retry the row, or all rows of the cause; asks first"),
            ("d", "discard messages, cancel commands; asks first"),
            ("space", "look no more, until it is pressed again"),
            ("?, h", "these keys"),
            ("q, Ctrl-C", "quit"),
        ]
        let words = [
            "What is done is recorded, with the reason \"from top\": actions list shows it,",
            "actions undo takes it back. At most \(TopOrder.limit) rows of a cause go at once.",
            "Causes are those of the newest \(TopRead.causeLimit) rows in trouble; of a cause the newest",
            "\(TopRead.rowLimit) rows are listed.",
        ]
        let names = keys.map(\.0.displayWidth).max() ?? 0
        return [ScreenLine("KEYS", .dim).text(terminal)]
            + keys.map { name, what in
                var line = ScreenLine(name.padded(to: names + 2), .bold)
                line.add(what)
                return line.text(terminal)
            } + [""] + words.map { ScreenLine($0).text(terminal) }
    }
}

extension StringProtocol {
    /// In lines of so many columns.
    ///
    /// - Parameter indent: of all lines but the first.
    func wrapped(to width: Int, indent: Int = 0) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for character in self {
            let wide = character.displayWidth
            if used + wide > width {
                lines.append(line)
                (line, used) = (String(repeating: " ", count: indent), indent)
            }
            line.append(character)
            used += wide
        }
        return lines + [line]
    }
}
