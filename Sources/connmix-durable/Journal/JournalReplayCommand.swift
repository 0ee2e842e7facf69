import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal replay`
struct JournalReplayCommand: AsyncParsableCommand, RowVerbCommand, CanaryCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Makes new entries from old ones in any state; dead ones are replayed from then on.",
        discussion: """
            Take replay where a new entry is wanted: with another payload, of what is done, or beside the record of the old one; else retry.
            Examples:
              connmix-durable journal replay --topic orders --since 2h --rate 50/s --reason "the price service is back"
              connmix-durable journal replay 17 --edit
              connmix-durable journal replay 17 --payload fixed.json
            The head of a parked lane opens its lane: what waits there goes on, and the new entry comes behind it.
            Entries in any state; with --cause dead ones, where --state names no others. What was replayed is not replayed again by the same command; --again insists.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("JSON in place of the payload of one entry; - reads stdin.", valueName: "file"))
    var payload: String?
    @Flag(help: "Change the payload of one entry in $EDITOR.")
    var edit = false
    @Flag(help: "Take entries, too, that were replayed before.")
    var again = false
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions
    @OptionGroup var canary: CanaryOptions

    static let verb = OperatorVerb.replay
    static let takes = Set(EntryState.allCases)
    var usualStates: Set<EntryState> {
        // The error of an entry that was handled later is kept, and a cause is of what failed.
        if filters.common.cause != nil { return [.dead] }
        return again ? [] : Self.takes.subtracting([.replayed])
    }

    func validate() throws {
        try options.check(isFiltered: isFiltered)
        guard again || !filters.named.contains(.replayed) else {
            throw ValidationError("what is replayed was replayed before; say --again to replay it once more")
        }
        guard payload == nil || !edit else {
            throw ValidationError("--payload and --edit contradict each other; leave one of them out")
        }
        guard payload != nil || edit else { return }
        guard options.resume == nil, options.rate == nil, !canary.canary else {
            throw ValidationError("a payload is for one entry; leave --resume, --rate and --canary out")
        }
        guard payload != "-" || options.yes || options.dryRun else {
            throw ValidationError("the payload comes from stdin, so nobody can be asked; say --yes")
        }
    }

    func run() async throws {
        let bulk = try bulkRun()
        guard payload != nil || edit else { return try bulk.run(select) }
        let inspector = try database.inspector()
        let selection = try select(inspector)
        guard selection.ids.count <= 1 else {
            throw Failure(.usage, "\(selection.ids.count) entries match, and a payload is for one; name it with --id")
        }
        var edited = try payload.map { try InputFile.read($0, limit: InputFile.payloadLimit) }
        guard try bulk.mayGoOn(selection), let id = selection.ids.first else { return }
        let journal = try JournalOperator(database: database.database)
        if edit { edited = try await newPayload(inspector.entry(id).entry) }
        try bulk.consent(selection)
        let report = try journal.replay([id], payload: edited, again: again, reason: options.reason)
        try BulkReport(bulk.work, report, total: 1).write(json: output.json)
    }

    /// What was made of the payload in the editor; what is different is shown, for whoever is asked next.
    private func newPayload(_ entry: JournalRecord) async throws -> [UInt8] {
        guard again || entry.state != .replayed else {
            throw Failure(.failed, "entry \(entry.id) is replayed; --again replays it once more. Nothing was changed")
        }
        let old = entry.data ?? []
        let new = try await Editor.edited(old)
        guard JSONParts.value(in: new) != nil else {
            throw Failure(.badData, "what was saved is no JSON value; nothing was replayed")
        }
        let difference = PayloadDifference(old, new)
        StandardError.write(difference.isEmpty ? "the same values, written in another way\n" : difference.text(.error))
        return new
    }
}
