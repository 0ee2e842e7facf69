import ArgumentParser
import ConnmixDurable

/// `connmix-durable lanes show`
struct LanesShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One lane: its head, and what waits behind it.",
        discussion: "Example:  connmix-durable lanes show 1463786910324359168")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @Argument(help: "The lane's name; the client's id where lanes are the clients'.")
    var lane: String
    @Option(help: "How many entries are shown at most.")
    var limit = 20

    func validate() throws {
        guard (1...400).contains(limit) else { throw ValidationError("--limit is \(limit); it may be 1 to 400") }
    }

    func run() throws {
        let inspector = try database.inspector()
        guard let found = try inspector.stillLanes().first(where: { $0.lane == lane }) else {
            throw Failure(.failed, "the lane \(lane) is neither parked nor does it wait for a retry; see lanes list")
        }
        var filter = JournalFilter()
        let open = try inspector.openEntries(lane: lane, limit: limit)
        filter.ids = Set(open + [found.head]).sorted().prefix(limit).map { $0...$0 }
        filter.order = .oldest
        filter.limit = limit
        let entries = try inspector.entries(filter, withData: !payload.withoutPayload)
        if output.json {
            try StandardOutput().write(
                JSONWriter.line { writer in
                    writer.members(of: found)
                    writer.key("entries")
                    writer.array(entries) { writer, entry in writer.object { $0.members(of: entry) } }
                })
        } else {
            try StandardOutput().write(text(found, entries, .output, now: Timestamp.now()))
        }
    }

    private func text(_ lane: StillLane, _ entries: [JournalRecord], _ terminal: Terminal, now: Int64) -> String {
        var sheet = FactSheet()
        sheet.add("lane", lane.lane, .bold)
        sheet.add("state", lane.state, lane.isParked ? .red : .yellow)
        sheet.add("head", "\(lane.head)")
        sheet.add("parked", time: lane.since, now: now)
        sheet.add("next try", time: lane.availableAt, now: now)
        sheet.add("behind", "\(lane.behind)")
        sheet.add("reason", lane.reason, .red)
        return sheet.text(terminal) + "\n" + JournalTable.text(entries, terminal, now: now)
    }
}
