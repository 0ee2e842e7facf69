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
            --redact puts "[redacted]" in place of values: keys with dots, from the outermost object on; * is any key, all elements of
            an array are meant, and a text that is JSON is gone through; a backslash stands before a dot or comma in a key. Errors, lanes
            and dedupe keys that quote what was taken out are taken out too, and so is the whole payload of a message that could
            not be read. A path that leads to nothing is refused before anything is written.
            Oldest first, all of them, where --order and --limit say nothing else. Commands are not exported.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var payload: PayloadOptions
    @Option(help: ArgumentHelp("Values that are not to be seen. May be repeated.", valueName: "key.path[,..]"))
    var redact: [RedactionRules] = []
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup var page: PageOptions

    func run() throws {
        let inspector = try database.inspector()
        Interruption.watch()
        ThreadPriority.lower()
        // Where the lines themselves go to the terminal, a bar would stand between them.
        let terminal = Terminal.output.width == nil ? Terminal.error : Terminal(width: nil, hasColour: false)
        let total = total(inspector)
        if !redact.isEmpty { try checkRules(inspector, ProgressBar(total: total, terminal: terminal)) }
        var redaction = Redaction(redact)
        var bar = ProgressBar(total: total, terminal: terminal)
        var (done, last) = (0, page.after)
        defer { bar.clear() }
        do {
            try eachEntry(inspector) { entry, line in
                try StandardOutput().write(redaction.apply(to: line, isUnreadable: entry.isUnreadable) + [0x0A])
                last = entry.id
                done += 1
                bar.show(done)
            }
        } catch is CancellationError {
            throw Failure(.interrupted, "stopped after \(done) entries" + (last.map { "; go on with --after \($0)" } ?? ""))
        }
    }

    /// Goes over the entries until every rule has led to something.
    ///
    /// - Throws: `Failure` with exit code 64 where one does not: it is mistyped, and what it should hide would be seen.
    private func checkRules(_ inspector: Inspector, _ progress: ProgressBar) throws {
        struct AllFound: Error {}
        var redaction = Redaction(redact)
        var bar = progress
        var looked = 0
        defer { bar.clear() }
        do {
            try eachEntry(inspector) { entry, line in
                _ = redaction.apply(to: line, isUnreadable: entry.isUnreadable)
                guard !redaction.idle(hasData: !payload.withoutPayload).isEmpty else { throw AllFound() }
                looked += 1
                bar.show(looked, note: "looking where --redact leads")
            }
        } catch is AllFound {
            return
        }
        let idle = redaction.idle(hasData: !payload.withoutPayload)
        let entries = looked == 1 ? "the one entry" : "any of the \(looked) entries"
        throw Failure(
            .usage,
            "--redact \(idle.joined(separator: ",")) leads to nothing in \(entries); nothing was written. Look at journal show --json for how it is spelled, or leave it out"
        )
    }

    /// - Throws: `Failure` with exit code 1 where no entry matches.
    private func eachEntry(_ inspector: Inspector, _ body: (JournalRecord, _ line: [UInt8]) throws -> Void) throws {
        let end = try Pages.read(limit: filters.common.limit ?? 0, after: page.after) { after, limit in
            try Interruption.check()
            var filter = filters.filter
            (filter.after, filter.limit, filter.order) = (after, limit, filters.common.namedOrder ?? .oldest)
            return try inspector.entries(filter, withData: !payload.withoutPayload) { _ in try Interruption.check() }
        } id: {
            $0.id
        } show: { entries in
            let attempts = try inspector.attempts(of: entries.map(\.id), limit: ExportLine.attemptLimit)
            for entry in entries { try body(entry, ExportLine.json(entry, attempts[entry.id] ?? [])) }
        }
        guard end.count > 0 else { throw Failure(.failed, "no entry matches") }
    }

    /// As good as is known without counting.
    private func total(_ inspector: Inspector) -> Int {
        let count = JournalRecord.count(inspector, filters.named)
        return filters.common.limit.map { $0 > 0 ? min($0, count) : count } ?? count
    }
}
