import ConnmixDurable

/// Commands for people.
enum OutboxTable {
    static func text(
        _ commands: [OutboxRecord], _ terminal: Terminal, now: Int64, waiting: [StatusReport.Waiting] = [],
        isStream: Bool = false
    ) -> String {
        let isWide = (terminal.width ?? .max) >= 120
        var columns: [Table.Column] = [
            .init(title: "ID", isNumber: true, least: isStream ? 8 : 0),
            .init(title: "STATE", least: isStream ? 10 : 0, colour: { Colour(state: $0) }),
            .init(title: "KIND", least: isStream ? 12 : 0, limit: 14),
            .init(title: "TO", least: isStream ? 20 : 0, limit: 24),
            .init(title: "TRIES", isNumber: true),
            .init(title: "AGE", isNumber: true),
        ]
        if isWide {
            columns += [
                .init(title: "WRITES", isNumber: true),
                .init(title: "MESSAGE", isNumber: true),
                .init(title: "NODE", limit: 16),
                .init(title: "NEXT TRY", isNumber: true),
                .init(title: "LAST ERROR", isFlexible: true, colour: { _ in .red }),
                .init(title: "DATA", isFlexible: true),
            ]
        } else {
            columns.append(.init(title: "LAST ERROR OR DATA", isFlexible: true))
        }
        var table = Table(columns)
        for command in commands {
            let target = command.client ?? command.channel ?? ""
            let age = Age.text(command.enqueuedAt, now: now)
            let kind = command.function.map { "\($0)()" } ?? command.kind
            var cells = ["\(command.id)", command.state.description, kind, target, "\(command.attempts)", age]
            let data = Preview.text(command)
            let awaited = command.awaited(among: waiting)
            let trouble = awaited.map { "waits for \($0.nodeText(now: now))" } ?? command.lastError
            if isWide {
                let next = command.availableAt.flatMap { $0 > now ? Age.text($0, now: now) : nil }
                let message = command.messageID.map { "\($0)" } ?? ""
                cells += ["\(command.writes)", message, command.node ?? "", next ?? ""]
                cells += [trouble ?? "", data]
            } else {
                cells.append(trouble ?? data)
            }
            table.add(cells)
        }
        return table.text(terminal)
    }
}

extension String {
    /// A table's rows, without its header.
    var withoutFirstLine: String { String(self[(firstIndex(of: "\n").map { index(after: $0) } ?? startIndex)...]) }
}
