import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal export`
struct JournalExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Entries as NDJSON, with redaction; journal import reads it.",
        discussion: """
            Examples:
              connmix-durable journal export --state dead --since 1d > dead.ndjson
              connmix-durable journal export --topic orders --redact data.frame.data,client,last_error --no-payload
            --redact puts "[redacted]" in place of values: keys with dots, from the outermost object on; * is any key, and all
            elements of an array are meant. Oldest first, all of them, where --order and --limit say nothing else.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var payload: PayloadOptions
    @Option(help: ArgumentHelp("Values that are not to be seen. May be repeated.", valueName: "key.path[,..]"))
    var redact: [RedactionRules] = []
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup var page: PageOptions

    func run() throws {
        let inspector = try database.inspector()
        Courtesy.stepBack()
        let order = filters.common.namedOrder ?? .oldest
        var redaction = Redaction(redact)
        // Where the lines themselves go to the terminal, a bar would stand between them.
        let terminal = Terminal.output.width == nil ? Terminal.error : Terminal(width: nil, hasColour: false)
        var bar = ProgressBar(total: try total(inspector), terminal: terminal)
        var (done, last) = (0, page.after)
        defer { bar.clear() }
        Interruption.watch()
        do {
            let end = try Pages.read(limit: filters.common.limit ?? 0, after: page.after) { after, limit in
                try Interruption.check()
                var filter = filters.filter
                (filter.after, filter.limit, filter.order) = (after, limit, order)
                return try inspector.entries(filter, withData: !payload.withoutPayload)
            } id: {
                $0.id
            } show: { entries in
                for entry in entries {
                    var line = JSONWriter()
                    line.object { writer in
                        writer.members(of: entry)
                        writer.key("lane"); writer.string(entry.lane)
                    }
                    try StandardOutput().write(redaction.apply(to: line.bytes) + [0x0A])
                    last = entry.id
                }
                done += entries.count
                bar.show(done)
            }
            bar.clear()
            guard end.count > 0 else { throw Failure(.failed, "no entry matches") }
        } catch is CancellationError {
            throw Failure(.interrupted, "stopped after \(done) entries" + (last.map { "; go on with --after \($0)" } ?? ""))
        }
        for rule in redaction.idle {
            StandardError.write(line: "connmix-durable: --redact \(rule) led to nothing in any entry; is it spelled right?")
        }
    }

    /// As good as is known without counting.
    private func total(_ inspector: Inspector) throws -> Int {
        if let limit = filters.common.limit, limit > 0 { return limit }
        let journal = try inspector.status().journal
        let states = filters.named.isEmpty ? Set(EntryState.allCases) : filters.named
        return Int(states.reduce(0) { $0 + (journal[$1] ?? 0) })
    }
}
