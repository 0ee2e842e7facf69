import ArgumentParser
import ConnmixDurable

/// `causes` of a ledger.
protocol RowCausesCommand: ParsableCommand {
    associatedtype Row: LedgerRow

    var database: DatabaseOptions { get }
    var output: OutputOptions { get }
    var causes: CauseOptions { get }
}

/// Which causes.
struct CauseOptions: ParsableArguments {
    @Option(help: "Failures not before: RFC 3339, or an age such as 2h. Default: 24h.")
    var since: TimePoint?
    @Option(help: "Failures before: RFC 3339, or an age such as 2h.")
    var until: TimePoint?
    @Option(help: "At most so many causes; 0 for all.")
    var limit = 50

    static let day: Int64 = 86_400_000_000

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is \(limit); it may be 0 (all) or more") }
    }
}

extension RowCausesCommand {
    func run() throws {
        let now = Timestamp.now()
        let inspector = try database.inspector()
        var note = SearchNote(Row.count(inspector, Row.failedStates))
        defer { note.clear() }
        let found = try found(inspector, now: now) { note.looked($0) }
        note.clear()
        guard !found.isEmpty else { throw Failure(.failed, "nothing failed in that time") }
        let shown = causes.limit == 0 ? found : Array(found.prefix(causes.limit))
        if output.json {
            try StandardOutput().writeLines(shown) { $0.members(of: $1, title: Row.causeTitle) }
        } else {
            try StandardOutput().write(Self.text(shown, .output, now: now))
            let hidden = found.count - shown.count
            if hidden > 0 { StandardError.write(line: "there are \(hidden) more causes; see all with --limit 0") }
        }
    }

    /// All there are in that time, whatever the limit.
    func found(_ inspector: Inspector, now: Int64, looked: (Int) throws -> Void) throws -> [FailureCause] {
        try Row.causes(
            inspector, since: causes.since?.microseconds ?? now - CauseOptions.day, until: causes.until?.microseconds ?? .max,
            looked: looked)
    }

    private static func text(_ causes: [FailureCause], _ terminal: Terminal, now: Int64) -> String {
        // The cause is what people look for: on a narrow terminal it gets the room of what can be done without.
        let isWide = (terminal.width ?? .max) >= 120
        var columns: [Table.Column] = [
            .init(title: "ID"),
            .init(title: Row.causeTitle.uppercased(), isNumber: true),
            .init(title: "DEAD", isNumber: true, colour: { $0 == "0" ? .dim : .red }),
        ]
        if isWide { columns += [.init(title: "ATTEMPTS", isNumber: true), .init(title: "FIRST", isNumber: true)] }
        columns += [
            .init(title: "LAST", isNumber: true),
            .init(title: "EXAMPLE", isNumber: true),
            .init(title: "CAUSE", isFlexible: true, colour: { _ in .red }),
        ]
        var table = Table(columns)
        for cause in causes {
            var cells = [cause.id, "\(cause.messages)", "\(cause.dead)"]
            if isWide { cells += ["\(cause.attempts)", Age.text(cause.firstSeen, now: now)] }
            table.add(cells + [Age.text(cause.lastSeen, now: now), "\(cause.example)", cause.name])
        }
        return table.text(terminal)
    }
}

extension JSONWriter {
    /// - Parameter words: what is shown of its texts.
    mutating func members(of cause: FailureCause, title: String, words: (String) -> String = { $0 }) {
        key("id"); string(cause.id)
        key("cause"); string(words(cause.name))
        key(title); integer(cause.messages)
        key("dead"); integer(cause.dead)
        key("attempts"); integer(cause.attempts)
        key("first_seen"); time(cause.firstSeen)
        key("last_seen"); time(cause.lastSeen)
        key("example"); integer(cause.example)
        key("error"); string(words(cause.error))
    }
}
