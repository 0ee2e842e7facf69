/// Commands of the wire, as columns of the outbox and back.
extension NewCommand {
    /// - Parameter now: from when it expires, in microseconds since 1970.
    init(_ command: Command, messageID: Int64?, node: String?, lane: String?, now: Int64 = 0) {
        switch command.kind {
        case .send(let client): self.init(kind: .send, target: client.text)
        case .publish(let channel): self.init(kind: .publish, target: channel)
        case .call(let client, let function): self.init(kind: .call, target: client.text, function: function)
        case .request(let method): self.init(kind: .request, target: "", function: method)
        }
        if command.client?.isNumber == true { flags.insert(.clientIsNumber) }
        if case .binary = command.payload { flags.insert(.isBinary) }
        self.messageID = messageID
        self.node = node
        self.lane = lane
        if let options = command.extras?.options { add(options, of: command, now: now) }
    }

    private mutating func add(_ options: CommandOptions, of command: Command, now: Int64) {
        if options.delivery == .atMostOnce { flags.insert(.atMostOnce) }
        if options.ordering == .none { flags.insert(.unordered) }
        if let lane = options.lane { self.lane = lane }
        if let node = options.node {
            // Of a request the node is its target; other requests go to any node.
            if kind == .request { target = node } else { self.node = node }
        }
        extras = Extras(
            notBefore: options.notBefore, expiresAt: options.expiresAfter.map { now + $0.microseconds },
            idempotencyKey: options.idempotencyKey,
            compactionKey: options.supersedesEarlier ? command.compactionKey : nil)
    }
}

extension Command {
    init(_ row: WaitingCommand) throws(ConnmixError) {
        let columns = row.columns
        let client = ClientID(columns.target, isNumber: columns.flags.contains(.clientIsNumber))
        let kind: Kind =
            switch columns.kind {
            case .send: .send(to: client)
            case .publish: .publish(channel: columns.target)
            case .call: .call(client: client, function: columns.function ?? "")
            case .request: .request(method: columns.function ?? "")
            }
        let isBinary = columns.flags.contains(.isBinary)
        self.init(
            stored: kind, payload: isBinary ? .binary(row.data) : .text(String(decoding: row.data, as: UTF8.self)))
        // What is written into a request as it stands must not change what it says.
        if let problem = storedProblem {
            throw ConnmixError(
                .corrupt,
                "command \(row.id) cannot be one: \(problem); cancel it (outbox cancel --id \(row.id)) or restore a backup"
            )
        }
    }
}
