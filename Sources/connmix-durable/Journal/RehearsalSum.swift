import ConnmixDurable

/// What became of many entries that were rehearsed, by cause. Pure.
struct RehearsalSum {
    private struct Cause {
        var entries = 0
        var example: Int64
        let name: String
    }

    private(set) var entries = 0
    private(set) var failed = 0
    /// Would be done, with other commands than were sent.
    private(set) var changed = 0
    private var causes: [String: Cause] = [:]

    /// - Parameters:
    ///   - error: what it would fail with; `nil`: it would be done.
    ///   - isSame: whether it would send what was sent.
    mutating func add(_ id: Int64, error: String?, isSame: Bool) {
        entries += 1
        guard let error else {
            if !isSame { changed += 1 }
            return
        }
        failed += 1
        let name = FailureCause.name(of: error)
        causes[name, default: Cause(example: id, name: name)].entries += 1
    }

    /// In one line.
    var text: String {
        let what = failed == 0 ? "none" : "\(failed)"
        return
            "\(entries) entries: \(entries - failed) would be done, \(changed) of them with other commands than were sent; \(what) would fail"
    }

    /// Most entries first.
    func table(_ terminal: Terminal) -> String {
        guard !causes.isEmpty else { return "" }
        var table = Table([
            .init(title: "ID"),
            .init(title: "WOULD FAIL", isNumber: true, colour: { _ in .red }),
            .init(title: "EXAMPLE", isNumber: true),
            .init(title: "CAUSE", isFlexible: true, colour: { _ in .red }),
        ])
        for cause in causes.values.sorted(by: { ($0.entries, $1.example) > ($1.entries, $0.example) }) {
            table.add([FailureCause.id(of: cause.name), "\(cause.entries)", "\(cause.example)", cause.name])
        }
        return table.text(terminal)
    }
}
