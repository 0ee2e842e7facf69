import NIOCore

extension DevEngine {
    /// What a node's API port does with a new connection.
    public enum Handshake: Sendable, Hashable {
        /// Takes it, as a real engine does.
        case accept
        /// Answers HTTP, and turns WebSockets down.
        case httpOnly
        /// Reads the request and never answers.
        case hang
        /// Answers this HTTP status and closes.
        case status(Int)
        /// Answers these bytes and closes.
        case raw(String)
        /// Closes without an answer.
        case close
    }

    /// A further node, listed at once. Throws `portInUse`.
    public func addNode() async throws -> NodeInfo {
        try await self.onLoopLater { $0.addNode() }
    }

    /// Takes the node off the center's list. Its connections stay until closed, or are closed now.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    public func removeNode(_ id: String, closing: Bool = false) async throws {
        try await self.onLoop { mesh in
            let shell = try mesh.shell(id)
            mesh.memory.nodes[shell.place].isListed = false
            if closing { for child in shell.children.values { child.channel.drop(reset: false) } }
        }
    }

    /// The node restarts in an instant: same addresses, a **new id**, all memory empty, all its connections closed
    /// (by RST with `reset`). Returns the node under its new id.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `nodeNotRunning`, `stopped`.
    @discardableResult
    public func restartNode(_ id: String, reset: Bool = false) async throws -> NodeInfo {
        try await self.onLoop { mesh in
            let shell = try mesh.running(id)
            mesh.wipe(shell.place, reset: reset)
            return shell.info
        }
    }

    /// The node dies: ports and connections closed (by RST with `reset`), memory gone. The center goes on listing it,
    /// under the id it had, or not.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `nodeNotRunning`, `stopped`.
    public func stopNode(_ id: String, listed: Bool = true, reset: Bool = true) async throws {
        let listeners = try await self.onLoop { mesh in
            let shell = try mesh.running(id)
            let listeners = [shell.apiListener, shell.chatListener].compactMap { $0 }
            shell.apiListener = nil
            shell.chatListener = nil
            mesh.memory.nodes[shell.place].isRunning = false
            mesh.memory.nodes[shell.place].isListed = listed
            mesh.wipe(shell.place, reset: reset)
            mesh.memory.nodes[shell.place].id = id
            shell.info.id = id
            return listeners
        }
        for listener in listeners { try await listener.close() }
    }

    /// A stopped node starts again: same addresses, a **new id**, empty, listed. Throws `nodeRunning`, `portInUse`.
    @discardableResult
    public func startNode(_ id: String) async throws -> NodeInfo {
        let place = try await self.onLoop { mesh in
            let shell = try mesh.shell(id)
            guard !mesh.memory.nodes[shell.place].isRunning else {
                throw DevEngineError(.nodeRunning, "node \(id) is running")
            }
            mesh.memory.nodes[shell.place].isCut = false
            mesh.wipe(shell.place, reset: true)
            return shell.place
        }
        return try await self.onLoopLater { $0.open(place) }
    }

    /// The network to the node goes silent: TCP stays open and accepts, nothing is read, nothing is written.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    public func cutNode(_ id: String) async throws {
        try await self.onLoop { try $0.setCut($0.shell(id).place, true) }
    }

    /// Ends ``cutNode(_:)``: what was held goes on.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    public func healNode(_ id: String) async throws {
        try await self.onLoop { try $0.setCut($0.shell(id).place, false) }
    }

    /// Drops API connections now, of one node or of all. Returns how many.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    @discardableResult
    public func dropConnections(node: String? = nil, reset: Bool = true) async throws -> Int {
        try await self.onLoop { mesh in
            let shells = try node.map { [try mesh.shell($0)] } ?? mesh.shells
            let connections = shells.flatMap { Array($0.connections.values) }
            for connection in connections { connection.drop(reset: reset) }
            return connections.count
        }
    }

    /// Disconnects end users now, of one node or of all. Feeds' clients too.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    public func dropEndUsers(node: String? = nil) async throws {
        try await self.onLoop { mesh in
            let shells = try node.map { [try mesh.shell($0)] } ?? mesh.shells
            for shell in shells {
                for (client, sink) in shell.sinks {
                    if case .chat(let chat) = sink { chat.link?.drop(reset: false) }
                    mesh.disconnect(client)
                }
            }
        }
    }

    /// How the node's API port treats connections from now on.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    public func setHandshake(_ behaviour: Handshake, node: String) async throws {
        try await self.onLoop { try $0.shell(node).handshake = behaviour }
    }

    /// Writes a text frame to every API connection of the node, whatever it says.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    public func inject(text: String, node: String) async throws {
        try await self.onLoop { mesh in
            for connection in try mesh.shell(node).connections.values { connection.answer(raw: text) }
        }
    }

    /// Writes bytes to every API connection of the node, without any framing.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    public func inject(bytes: [UInt8], node: String) async throws {
        try await self.onLoop { mesh in
            for connection in try mesh.shell(node).connections.values {
                connection.link?.write(ByteBuffer(bytes: bytes))
            }
        }
    }

    /// Changes settings while the engine runs. Events already queued keep their form. `change` runs on the engine's thread.
    ///
    /// - Throws: ``DevEngineError``: `stopped`.
    public func configure(_ change: @Sendable @escaping (inout Settings) -> Void) async throws {
        try await self.onLoop { mesh in
            change(&mesh.memory.settings)
            mesh.settingsChanged()
        }
    }
}
