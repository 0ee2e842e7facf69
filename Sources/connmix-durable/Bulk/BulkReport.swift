import ConnmixDurable

/// What an action did, for people and programs.
struct BulkReport {
    private static let shownSkips = 20

    let verb: OperatorVerb
    let rows: String
    let report: OperatorReport
    let total: Int

    init(_ work: BulkWork, _ report: OperatorReport, total: Int) {
        self.init(work.verb, rows: work.ledger.rows(total), report, total: total)
    }

    init(_ verb: OperatorVerb, rows: String, _ report: OperatorReport, total: Int) {
        self.verb = verb
        self.rows = rows
        self.report = report
        self.total = total
    }

    func write(json: Bool) throws {
        try json ? StandardOutput().write(JSONWriter.line { write(to: &$0) }) : StandardOutput().write(text)
        guard !json, Terminal.error.width != nil, !report.applied.isEmpty, verb != .prune, verb != .undo else { return }
        StandardError.write(line: "take it back with: connmix-durable actions undo \(report.action)")
    }

    private var text: String {
        let opened = report.opened.count
        var text = "action \(report.action): \(report.applied.count - opened) of \(rows) \(verb.past)"
        if opened > 0 { text += ", \(opened) lane\(opened == 1 ? "" : "s") opened" }
        if !report.skipped.isEmpty { text += ", \(report.skipped.count) left as they are" }
        text += "\n"
        for id in report.opened.prefix(Self.shownSkips) { text += "  \(id): it was replayed, and stays so; its lane is open\n" }
        for skip in report.skipped.prefix(Self.shownSkips) { text += "  \(skip.id): \(skip.why)\n" }
        if verb == .replay, report.skipped.contains(where: { $0.why == .wrongState("\(EntryState.replayed)") }) {
            text += "  what was replayed is replayed once more with --again\n"
        }
        let hidden = report.skipped.count - Self.shownSkips
        if hidden > 0 { text += "  and \(hidden) more\n" }
        return text
    }

    func write(to writer: inout JSONWriter) {
        writer.key("action"); writer.integer(report.action)
        writer.key("verb"); writer.string(verb.rawValue)
        writer.key("matched"); writer.integer(total)
        writer.key("applied"); writer.integer(report.applied.count)
        writer.key("opened"); writer.array(report.opened) { $0.integer($1) }
        writer.key("skipped")
        writer.array(report.skipped) { writer, skip in
            writer.object { writer in
                writer.key("id"); writer.integer(skip.id)
                writer.key("why"); writer.string("\(skip.why)")
            }
        }
        writer.key("replays"); writer.array(report.replays) { $0.integer($1) }
    }
}
