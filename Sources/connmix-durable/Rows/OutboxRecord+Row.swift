import ConnmixDurable

extension OutboxRecord: LedgerRow {
    typealias State = CommandState
    typealias Filter = OutboxFilter

    static let ledger = Ledger.outbox
    static let openStates: Set<CommandState> = [.pending]
    static let failedStates: Set<CommandState> = [.dead, .expired, .unknown]

    static func page(
        _ inspector: Inspector, _ filter: OutboxFilter, withData: Bool, looked: (Int) throws -> Void
    ) throws -> [OutboxRecord] {
        try inspector.commands(filter, withData: withData, looked: looked)
    }

    static func ids(_ inspector: Inspector, _ filter: OutboxFilter, looked: (Int) throws -> Void) throws -> [Int64] {
        try inspector.commandIDs(filter, looked: looked)
    }

    static func newest(_ inspector: Inspector) throws -> Int64 { try inspector.newestCommand() }

    static func states(_ inspector: Inspector, of ids: [Int64]) throws -> [Int64: CommandState] {
        try inspector.commandStates(ids)
    }

    static func counts(_ status: StatusReport) -> [CommandState: Int64] { status.outbox }

    static let causeTitle = "commands"

    static func causes(
        _ inspector: Inspector, since: Int64, until: Int64, looked: (Int) throws -> Void
    ) throws -> [FailureCause] {
        try inspector.commandCauses(since: since, until: until, looked: looked)
    }

    static func waiting(_ inspector: Inspector) throws -> [StatusReport.Waiting] { try inspector.waiting() }

    func write(to writer: inout JSONWriter, waiting: [StatusReport.Waiting]) { writer.members(of: self, waiting: waiting) }

    static func table(
        _ rows: [OutboxRecord], _ terminal: Terminal, now: Int64, waiting: [StatusReport.Waiting], isStream: Bool
    ) -> String {
        OutboxTable.text(rows, terminal, now: now, waiting: waiting, isStream: isStream)
    }
}

extension OutboxRecord {
    /// A command, and what the running consumer waits for.
    struct Detail: LedgerDetail {
        let command: OutboxRecord
        let waiting: [StatusReport.Waiting]
        let waits: [CommandWait]

        static func read(_ inspector: Inspector, _ id: Int64, withData: Bool) throws -> Self {
            let command = try inspector.command(id, withData: withData)
            return Self(command: command, waiting: try inspector.waiting(), waits: try inspector.waits(of: command))
        }

        func write(to writer: inout JSONWriter) {
            writer.members(of: command, waiting: waiting)
            writer.key("waits")
            writer.array(waits) { writer, wait in writer.object { wait.write(to: &$0) } }
        }

        func text(_ terminal: Terminal, now: Int64) -> String {
            var sheet = FactSheet()
            sheet.add("id", "\(command.id)", .bold)
            sheet.add("state", command.state.description, command.state.colour)
            sheet.add("kind", command.kind)
            sheet.add("function", command.function)
            sheet.add("client", command.client)
            sheet.add("channel", command.channel)
            sheet.add("message", command.messageID.map { "\($0)" })
            sheet.add("lane", command.lane)
            sheet.add("node", command.node)
            for (index, wait) in waits.enumerated() { sheet.add(index == 0 ? "waits" : " ", wait.text(now: now), .yellow) }
            sheet.add("answers", "\(command.attempts)")
            sheet.add("writes", "\(command.writes)")
            sheet.add("enqueued", time: command.enqueuedAt, now: now)
            sheet.add("available", time: command.availableAt, now: now)
            sheet.add("expires", time: command.expiresAt, now: now)
            sheet.add("settled", time: command.settledAt, now: now)
            sheet.add("code", command.code.map { "\($0)" })
            sheet.add("last error", command.lastError, .red)
            sheet.add("delivered", command.delivered.map { "\($0)" })
            sheet.add("failed", command.failed.map { "\($0)" })
            sheet.add("type", command.type.rawValue)
            let data = command.data.map { String(decoding: $0, as: UTF8.self) }
            sheet.add("data", command.type == .binary ? Preview.text(command) : data)
            return sheet.text(terminal)
        }
    }
}
