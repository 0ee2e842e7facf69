import ConnmixDurable

extension JournalRecord: LedgerRow {
    typealias State = EntryState
    typealias Filter = JournalFilter
    typealias Detail = JournalDetail

    static let ledger = Ledger.journal
    static let openStates: Set<EntryState> = [.pending, .running]
    static let failedStates: Set<EntryState> = [.dead]

    static func page(
        _ inspector: Inspector, _ filter: JournalFilter, withData: Bool, looked: (Int) throws -> Void
    ) throws -> [JournalRecord] {
        try inspector.entries(filter, withData: withData, looked: looked)
    }

    static func ids(_ inspector: Inspector, _ filter: JournalFilter, looked: (Int) throws -> Void) throws -> [Int64] {
        try inspector.entryIDs(filter, looked: looked)
    }

    static func newest(_ inspector: Inspector) throws -> Int64 { try inspector.newestEntry() }

    static func states(_ inspector: Inspector, of ids: [Int64]) throws -> [Int64: EntryState] {
        try inspector.entryStates(ids)
    }

    static func counts(_ status: StatusReport) -> [EntryState: Int64] { status.journal }

    static let causeTitle = "messages"

    static func causes(
        _ inspector: Inspector, since: Int64, until: Int64, looked: (Int) throws -> Void
    ) throws -> [FailureCause] {
        try inspector.causes(since: since, until: until, looked: looked)
    }

    /// Entries wait for no node.
    static func waiting(_ inspector: Inspector) throws -> [StatusReport.Waiting] { [] }

    func write(to writer: inout JSONWriter, waiting: [StatusReport.Waiting]) { writer.members(of: self) }

    static func table(
        _ rows: [JournalRecord], _ terminal: Terminal, now: Int64, waiting: [StatusReport.Waiting], isStream: Bool
    ) -> String {
        JournalTable.text(rows, terminal, now: now, isStream: isStream)
    }
}

extension JournalDetail: LedgerDetail {
    static func read(_ inspector: Inspector, _ id: Int64, withData: Bool) throws -> JournalDetail {
        try inspector.entry(id, withData: withData)
    }

    func write(to writer: inout JSONWriter) {
        writer.members(of: entry)
        writer.log(of: attempts)
        writer.key("commands")
        writer.array(commands) { writer, command in writer.object { $0.members(of: command) } }
        writer.key("replays")
        writer.array(replays) { $0.integer($1) }
    }

    func text(_ terminal: Terminal, now: Int64) -> String {
        var sheet = FactSheet()
        sheet.add("id", "\(entry.id)", .bold)
        sheet.add("state", entry.state.description, entry.state.colour)
        sheet.add("topic", entry.topic)
        sheet.add("node", entry.node)
        sheet.add("client", entry.client)
        sheet.add("lane", entry.lane)
        sheet.add("attempts", "\(entry.attempts)")
        sheet.add("received", time: entry.receivedAt, now: now)
        sheet.add("available", time: entry.availableAt, now: now)
        sheet.add("finished", time: entry.finishedAt, now: now)
        sheet.add("last error", entry.lastError, .red)
        sheet.add("handler", entry.handlerVersion)
        sheet.add("replay of", entry.replayOf.map { "\($0)" })
        sheet.add("replays", replays.map { "\($0)" }.joined(separator: ", "))
        sheet.add("dedupe key", entry.dedupeKey)
        sheet.add("data", entry.data.map { String(decoding: $0, as: UTF8.self) })
        var text = sheet.text(terminal)
        if !attempts.isEmpty { text += "\n" + attemptTable(terminal, now: now) }
        if !commands.isEmpty { text += "\n" + OutboxTable.text(commands, terminal, now: now) }
        return text
    }

    private func attemptTable(_ terminal: Terminal, now: Int64) -> String {
        var table = Table([
            .init(title: "ATTEMPT", isNumber: true),
            .init(title: "OUTCOME"),
            .init(title: "AGE", isNumber: true),
            .init(title: "TOOK", isNumber: true),
            .init(title: "ERROR", isFlexible: true, colour: { _ in .red }),
        ])
        for attempt in attempts {
            table.add([
                "\(attempt.attempt)", attempt.outcome.description, Age.text(attempt.endedAt, now: now),
                Age.text(microseconds: max(0, attempt.endedAt - attempt.startedAt)), attempt.error,
            ])
        }
        return table.text(terminal)
    }
}
