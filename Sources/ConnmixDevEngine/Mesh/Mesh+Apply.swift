import NIOCore

/// `mesh.send`, `mesh.publish` and `conn.call`.
extension Mesh {
    func send(_ params: CommandParams?, _ bytes: UnsafeRawBufferPointer, _ dialect: DevEngine.Dialect) -> Answer {
        guard let params, let target = CommandParams.client(bytes, params.target),
            let content = Content(params, bytes, dialect: dialect)
        else { return .invalidParams }
        guard let client = target, self.deliver(to: client, isText: content.isText, content: { content.bytes(bytes) })
        else { return .clientIsGone }
        return .sent
    }

    func publish(_ params: CommandParams?, _ bytes: UnsafeRawBufferPointer, _ dialect: DevEngine.Dialect) -> Answer {
        guard let params, let target = params.target, JSONText.isString(bytes, target),
            let content = Content(params, bytes, dialect: dialect)
        else { return .invalidParams }
        let channel = JSONText.string(bytes, target)
        guard !channel.isEmpty else { return .invalidParams }
        let decoded = content.bytes(bytes)
        var succeeded = 0
        var failed = 0
        for node in self.memory.nodes.indices {
            for client in self.memory.nodes[node].channels[channel] ?? [] {
                if self.deliver(to: client, isText: content.isText, content: { decoded }) {
                    succeeded += 1
                } else {
                    failed += 1
                }
            }
        }
        return .published(succeeded: succeeded, failed: failed)
    }

    func call(_ params: CommandParams?, _ bytes: UnsafeRawBufferPointer, _ place: Int) -> Answer {
        guard let params, let target = CommandParams.client(bytes, params.target),
            let function = params.function, JSONText.isString(bytes, function),
            let arguments = params.arguments, bytes[arguments.lowerBound] == UInt8(ascii: "[")
        else { return .invalidParams }
        let call = ContextCall(JSONText.string(bytes, function), arguments, bytes)
        switch call {
        case .invalid: return .invalidParams
        case .unknown: return .callFailed
        case .set, .subscribe, .unsubscribe: break
        }
        guard let client = target, self.memory.home[client] == place else { return .callFailed }
        switch call {
        case .set(let values):
            self.memory.nodes[place].setContext(values, of: client, settings: self.memory.settings)
            for number in self.memory.nodes[place].takeAcknowledged(client) {
                _ = self.deliver(to: client, isText: true, content: { Array("{\"ack\":\(number)}".utf8) })
            }
        case .subscribe(let channels): self.memory.nodes[place].subscribe(client, to: channels)
        case .unsubscribe(let channels): self.memory.nodes[place].unsubscribe(client, from: channels)
        case .invalid, .unknown: break
        }
        self.memory.nodes[place].clients[client]?.calls += 1
        if case .feed(let run, _) = self.shells[place].sinks[client] { run.memory.calls += 1 }
        return .done
    }
}
