import NIOCore

extension Mesh {
    // MARK: consumers

    func opened(_ connection: ApiConnection) {
        self.shells[connection.place].connections[connection.connection] = connection
        self.memory.nodes[connection.place].connections += 1
        self.memory.nodes[connection.place].accepted += 1
    }

    func closed(_ connection: ApiConnection) {
        let known = self.shells[connection.place].connections.removeValue(forKey: connection.connection)
        guard known != nil else { return }
        if let code = connection.link?.goodbye { self.memory.nodes[connection.place].goodbyes[code, default: 0] += 1 }
        self.memory.nodes[connection.place].connections -= 1
        self.memory.nodes[connection.place].removeConsumer(connection.connection)
        self.toldDialect.remove(connection.connection)
    }

    // MARK: end users

    /// - Parameter headers: of its request, as a JSON object.
    func connect(_ sink: Sink, to place: Int, headers: [UInt8] = Array("{}".utf8)) -> UInt64 {
        let client = self.memory.connect(to: place)
        self.shells[place].sinks[client] = sink
        if self.memory.settings.connectionEvents {
            self.memory.nodes[place].clients[client]?.headers = headers
            self.memory.nodes[place].tell(.handshake, of: client, settings: self.memory.settings)
        }
        return client
    }

    func disconnect(_ client: UInt64) {
        guard let place = self.memory.home[client] else { return }
        if case .feed = self.shells[place].sinks[client] {
            // Nobody was told that it came.
        } else {
            self.memory.nodes[place].tell(.close, of: client, settings: self.memory.settings)
        }
        self.memory.disconnect(client)
        let sink = self.shells[place].sinks.removeValue(forKey: client)
        if case .user(let inbox) = sink { inbox.close() }
    }

    func userFrame(_ text: ByteBuffer, from client: UInt64) {
        guard let place = self.memory.home[client] else { return }
        self.memory.nodes[place].receive(text, from: client, settings: self.memory.settings)
    }

    // MARK: frames to end users

    /// False when the end user is gone or cannot be reached. `makeContent` runs only where the bytes are wanted.
    func deliver(to client: UInt64, isText: Bool, content makeContent: () -> [UInt8]) -> Bool {
        guard let place = self.memory.reachable(client), let sink = self.shells[place].sinks[client] else {
            return false
        }
        switch sink {
        case .chat(let chat):
            guard let link = chat.link, link.isOpen else { return false }
            let content = makeContent()
            link.output { buffer in
                if isText {
                    ServerFrame.writeHeader(text: content.count, into: &buffer)
                } else {
                    ServerFrame.writeHeader(binary: content.count, into: &buffer)
                }
                buffer.writeBytes(content)
            }
        case .user(let inbox):
            let content = makeContent()
            inbox.deliver(isText ? .text(String(decoding: content, as: UTF8.self)) : .binary(content))
        case .feed(let run, let index):
            run.memory.receive(for: index, content: makeContent)
        }
        self.memory.countDelivery(to: client, at: place)
        return true
    }
}
