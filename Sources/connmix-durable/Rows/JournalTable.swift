import ConnmixDurable

/// Entries for people.
enum JournalTable {
    static func text(_ entries: [JournalRecord], _ terminal: Terminal, now: Int64, isStream: Bool = false) -> String {
        let isWide = (terminal.width ?? .max) >= 120
        var columns: [Table.Column] = [
            .init(title: "ID", isNumber: true, least: isStream ? 8 : 0),
            .init(title: "STATE", least: isStream ? 9 : 0, colour: { Colour(state: String($0.prefix { $0 != " " })) }),
            .init(title: "TRIES", isNumber: true),
            .init(title: "AGE", isNumber: true),
            .init(title: "TOPIC", least: isStream ? 8 : 0, limit: isWide ? 24 : 10),
        ]
        if isWide { columns.append(.init(title: "NODE", limit: 16)) }
        columns.append(.init(title: "CLIENT", least: isStream ? 20 : 0, limit: 20))
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
