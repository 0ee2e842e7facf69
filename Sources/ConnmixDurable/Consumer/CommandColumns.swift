/// Commands of the wire, as columns of the outbox and back.
extension NewCommand {
    init(_ command: Command, messageID: Int64?, node: String?, lane: String?) {
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
    }
}

extension Command {
    init(_ row: OpenCommand) {
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
    }
}
