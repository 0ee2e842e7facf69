import ConnmixDurable

/// Entries for people.
enum JournalTable {
    static func text(_ entries: [JournalRecord], _ terminal: Terminal, now: Int64) -> String {
        let isWide = (terminal.width ?? .max) >= 120
        var columns: [Table.Column] = [
            .init(title: "ID", isNumber: true),
            .init(title: "STATE", colour: { Colour(state: String($0.prefix { $0 != " " })) }),
            .init(title: "TRIES", isNumber: true),
            .init(title: "AGE", isNumber: true),
            .init(title: "TOPIC", limit: isWide ? 24 : 10),
        ]
        if isWide { columns.append(.init(title: "NODE", limit: 16)) }
        columns.append(.init(title: "CLIENT", limit: 20))
        if isWide {
            columns.append(.init(title: "LAST ERROR", isFlexible: true, colour: { _ in .red }))
            columns.append(.init(title: "DATA", isFlexible: true))
        } else {
            columns.append(.init(title: "LAST ERROR OR DATA", isFlexible: true))
        }
        var table = Table(columns)
        for entry in entries {
            let age = Age.text(entry.receivedAt, now: now)
            var cells = ["\(entry.id)", entry.state.description, "\(entry.attempts)", age, entry.topic]
            if isWide { cells.append(entry.node) }
            cells.append(entry.client)
            let data = Preview.text(entry.data)
            cells += isWide ? [entry.lastError ?? "", data] : [entry.lastError ?? data]
            table.add(cells)
        }
        return table.text(terminal)
    }
}
