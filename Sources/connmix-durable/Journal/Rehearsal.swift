import ConnmixDurable

/// What a handler would send, beside what was sent.
struct Rehearsal {
    let report: HandlerTrial.Report
    let sent: [OutboxRecord]

    /// Whether it would send what was sent, in the same order.
    var isSame: Bool { report.commands.map(\.description) == sent.map(Self.description) }

    func text(_ terminal: Terminal) -> String {
        let (would, did) = (report.commands.map(\.description), sent.map(Self.description))
        guard !would.isEmpty || !did.isEmpty else { return "no commands, now or then\n" }
        var table = Table([
            .init(title: "#", isNumber: true),
            .init(title: " ", colour: { $0 == "=" ? .green : .yellow }),
            .init(title: "WOULD SEND", isFlexible: true),
            .init(title: "DID SEND", isFlexible: true),
            .init(title: "AS"),
            .init(title: "STATE", colour: { Colour(state: $0) }),
        ])
        for index in 0..<max(would.count, did.count) {
            let (new, old) = (would.count > index ? would[index] : "", did.count > index ? did[index] : "")
            let record = sent.count > index ? sent[index] : nil
            table.add([
                "\(index + 1)", new == old ? "=" : "≠", new, old, record.map { "\($0.id)" } ?? "",
                record?.state.description ?? "",
            ])
        }
        return table.text(terminal)
    }

    func members(_ writer: inout JSONWriter, id: Int64) {
        writer.key("id"); writer.integer(id)
        writer.key("outcome")
        switch report.outcome {
        case .done: writer.string("done")
        case .retry: writer.string("retry")
        case .dead: writer.string("dead")
        case .released: writer.string("released")
        }
        writer.key("error"); writer.string(report.error)
        writer.key("cause"); writer.string(report.error.map { FailureCause.id(of: $0) })
        writer.key("would_send")
        writer.array(report.commands) { writer, command in writer.object { Self.members(of: command, &$0) } }
        writer.key("did_send")
        writer.array(sent) { writer, command in writer.object { $0.members(of: command) } }
    }

    /// The keys that a command has in the outbox before it is there.
    private static func members(of command: Command, _ writer: inout JSONWriter) {
        var (channel, function): (String?, String?) = (nil, nil)
        switch command.kind {
        case .publish(let name): channel = name
        case .call(_, let name): function = name
        case .send, .request: break
        }
        writer.key("kind"); writer.string(command.method)
        writer.key("client"); writer.string(command.client?.text)
        writer.key("channel"); writer.string(channel)
        writer.key("function"); writer.string(function)
        let isJSON =
            switch command.kind {
            case .call, .request: true
            case .send, .publish: false
            }
        switch command.payload {
        case .text(let text) where isJSON: writer.data(Array(text.utf8)); writer.key("type"); writer.string("json")
        case .text(let text): writer.key("data"); writer.string(text); writer.key("type"); writer.string("text")
        case .binary(let bytes):
            writer.key("data"); writer.string(Base64.text(bytes)); writer.key("type"); writer.string("binary")
        }
    }

    /// A command of the outbox in the words of `Command.description`.
    private static func description(_ record: OutboxRecord) -> String {
        let data = record.data ?? []
        let what =
            switch record.type {
            case .text: String(decoding: data, as: UTF8.self).debugDescription
            case .json: String(decoding: data, as: UTF8.self)
            case .binary: "\(data.count) bytes \(data)"
            }
        if let function = record.function { return "conn.call of \(record.client ?? "") \(function)\(what)" }
        guard let target = record.client ?? record.channel else { return "\(record.kind) \(what)" }
        return "\(record.kind) to \(target) \(what)"
    }
}
