import ConnmixDurable

/// The loss ledger for people.
enum LossTable {
    static func text(_ losses: [Loss], _ terminal: Terminal, now: Int64) -> String {
        let isWide = (terminal.width ?? .max) >= 120
        var columns: [Table.Column] = []
        if isWide { columns.append(.init(title: "TIME")) }
        columns += [
            .init(title: "AGE", isNumber: true),
            .init(title: "NODE", limit: 16),
            .init(title: "WHAT", colour: { $0 == "not consumed" ? .yellow : .red }),
            .init(title: "LASTED", isNumber: true),
            .init(title: "TIMES", isNumber: true),
            .init(title: "WHY", isFlexible: true),
            .init(title: "MAY BE LOST", isFlexible: true),
        ]
        var table = Table(columns)
        for loss in losses {
            var cells: [String] = []
            if isWide { cells.append(loss.time.map { Timestamp.text($0) } ?? "unknown") }
            cells.append(loss.time.map { Age.text($0, now: now) } ?? "-")
            switch loss {
            case .gap(let gap):
                let lasted = Age.text(microseconds: gap.lasted(now: now)) + (gap.endedAt == nil ? "+" : "")
                cells += [gap.node, "not consumed", lasted, "\(gap.times)", gap.reason, gap.mayBeLost]
            case .uncleanEnd(let epoch):
                cells += [epoch.node, "unclean end", "-", "-", epoch.reason ?? "", epoch.mayBeLost ?? ""]
            case .adoption(let adoption):
                let lasted = Age.text(microseconds: max(0, adoption.adoptedAt - adoption.copiedAt))
                cells += ["all", "unknown", lasted, "-", Self.words(adoption), adoption.mayBeLost]
            }
            table.add(cells)
        }
        return table.text(terminal)
    }

    static func words(_ adoption: AdoptionRecord) -> String {
        "the file was lost, and a copy of it adopted on \(adoption.host)\(adoption.reason.map { ": \($0)" } ?? "")"
    }
}
