import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal show`
struct JournalShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One entry: payload, failed attempts, commands and how they ended, replays.",
        discussion: "Example:  connmix-durable journal show 17")

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @Argument(help: "The entry's id.")
    var id: Int64

    func run() throws {
        let detail = try options.inspector().entry(id, withData: !payload.withoutPayload)
        if output.json {
            var writer = JSONWriter()
            writer.object(detail)
            try StandardOutput().write(writer.bytes + [0x0A])
        } else {
            try StandardOutput().write(text(detail, .output))
        }
    }

    private func text(_ detail: JournalDetail, _ terminal: Terminal) -> String {
        let entry = detail.entry
        let now = Timestamp.now()
        var sheet = FactSheet()
        sheet.add("id", "\(entry.id)", .bold)
        sheet.add("state", entry.state.description, Colour(state: entry.state.description))
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
        sheet.add("replays", detail.replays.map { "\($0)" }.joined(separator: ", "))
        sheet.add("dedupe key", entry.dedupeKey)
        sheet.add("data", entry.data.map { String(decoding: $0, as: UTF8.self) })
        var text = sheet.text(terminal)
        if !detail.attempts.isEmpty {
            text += "\n" + attempts(detail.attempts, terminal, now: now)
        }
        if !detail.commands.isEmpty {
            text += "\n" + OutboxTable.text(detail.commands, terminal, now: now)
        }
        return text
    }

    private func attempts(_ attempts: [AttemptRecord], _ terminal: Terminal, now: Int64) -> String {
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
