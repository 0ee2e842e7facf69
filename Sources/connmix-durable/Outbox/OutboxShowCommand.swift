import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox show`
struct OutboxShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One command, and how it ended.",
        discussion: "Example:  connmix-durable outbox show 17 --json")

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @Argument(help: "The command's id.")
    var id: Int64

    func run() throws {
        let inspector = try options.inspector()
        let command = try inspector.command(id, withData: !payload.withoutPayload)
        let waiting = try inspector.waiting()
        if output.json {
            try StandardOutput().write(JSONWriter.line { $0.members(of: command, waiting: waiting) })
        } else {
            try StandardOutput().write(text(command, waiting, .output))
        }
    }

    private func text(_ command: OutboxRecord, _ waiting: [StatusReport.Waiting], _ terminal: Terminal) -> String {
        let now = Timestamp.now()
        var sheet = FactSheet()
        sheet.add("id", "\(command.id)", .bold)
        sheet.add("state", command.state.description, Colour(state: command.state.description))
        sheet.add("kind", command.kind)
        sheet.add("function", command.function)
        sheet.add("client", command.client)
        sheet.add("channel", command.channel)
        sheet.add("message", command.messageID.map { "\($0)" })
        sheet.add("lane", command.lane)
        sheet.add("node", command.node)
        sheet.add(
            "waits for", command.awaited(among: waiting).map { "node \($0.node), away for \(Age.text($0.since, now: now))" },
            .yellow)
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
        sheet.add(
            "data", command.type == .binary ? Preview.text(command) : command.data.map { String(decoding: $0, as: UTF8.self) })
        return sheet.text(terminal)
    }
}
