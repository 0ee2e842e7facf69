import ConnmixDevEngine
import Testing

@Suite(.timeLimit(.minutes(1))) struct ControlTests {
    static let ping = #"{"m":"server.ping","p":{},"i":1}"#
    static let pong = #"{"E":null,"r":{"m":"server.pong"},"i":1}"#

    private func list(_ engine: DevEngine) async throws -> String {
        try await RawSocket.body(engine.center, "/v1/nodes") ?? ""
    }

    @Test func nodesComeAndGo() async throws {
        try await withDevEngine { engine in
            let second = try await engine.addNode()
            #expect(try await self.list(engine).contains(second.id))
            let socket = try await TestSocket.connect(second.api)
            try await engine.removeNode(second.id)
            #expect(try await self.list(engine).contains(second.id) == false)
            #expect(try await socket.ask(Self.ping) == Self.pong)
            try await engine.removeNode(second.id, closing: true)
            #expect(await socket.ends())
            await #expect(throws: DevEngineError.self) { try await engine.removeNode("nobody") }
        }
    }

    @Test(arguments: [false, true])
    func restartForgetsEverything(_ reset: Bool) async throws {
        try await withDevEngine { engine in
            let old = engine.nodes[0]
            let user = try await engine.connectEndUser()
            try await user.send("x")
            let socket = try await TestSocket.connect(old.api)
            let new = try await engine.restartNode(old.id, reset: reset)
            #expect(new.id != old.id && new.api == old.api && new.chat == old.chat && engine.nodes == [new])
            #expect(await socket.ends())
            for await _ in user.frames {}
            let snapshot = try await engine.snapshot()
            #expect(snapshot.node(old.id) == nil)
            #expect(snapshot.node(new.id).map { $0.queued == 0 && $0.clientCount == 0 && $0.connections == 0 } == true)
            let again = try await TestSocket.connect(new.api)
            #expect(
                try await again.ask(#"{"m":"mesh.send","p":{"c":"\#(user.id)","d":""},"i":1}"#)?.contains("401") == true
            )
            #expect(try await self.list(engine).contains(new.id))
        }
    }

    @Test func stopsAndStarts() async throws {
        try await withDevEngine { engine in
            let old = engine.nodes[0]
            let socket = try await TestSocket.connect(old.api)
            try await engine.stopNode(old.id)
            #expect(await socket.ends())
            #expect(engine.nodes.isEmpty)
            #expect(try await self.list(engine).contains(old.id))
            await #expect(throws: (any Error).self) { try await TestSocket.connect(old.api) }
            await #expect(throws: DevEngineError.self) { try await engine.connectEndUser() }
            let new = try await engine.startNode(old.id)
            #expect(new.api == old.api && new.id != old.id)
            let again = try await TestSocket.connect(new.api)
            #expect(try await again.ask(Self.ping) == Self.pong)
            try await engine.stopNode(new.id, listed: false)
            #expect(try await self.list(engine) == #"{"nodes":[]}"#)
        }
    }

    @Test func cutNodeIsSilentUntilHealed() async throws {
        try await withDevEngine(.init(nodes: 2)) { engine in
            let node = engine.nodes[0]
            let socket = try await TestSocket.connect(node.api)
            _ = try await socket.ask(QueueTests.pop)
            try await engine.cutNode(node.id)
            try await socket.send(Self.ping)
            let user = try await engine.connectEndUser(node: node.id)
            try await user.send("x")
            async let late = TestSocket.connect(node.api)
            let other = try await TestSocket.connect(engine.nodes[1].api)
            #expect(try await other.ask(Self.ping) == Self.pong)
            #expect(
                try await other.ask(#"{"m":"mesh.send","p":{"c":"\#(user.id)","d":""},"i":1}"#)?.contains("401") == true
            )
            let snapshot = try await engine.snapshot()
            #expect(snapshot.nodes[0].queued == 1 && snapshot.nodes[0].accepted == 1)
            // The pop, and the two of the other node: nothing is read.
            #expect(snapshot.received == 3)
            try await engine.healNode(node.id)
            let texts = Set([await socket.text(), await socket.text()].compactMap { $0 })
            #expect(texts.contains(Self.pong) && texts.contains { $0.contains(#""data":"x""#) })
            #expect(try await late.ask(Self.ping) == Self.pong)
        }
    }

    @Test func handshakesGoWrong() async throws {
        try await withDevEngine { engine in
            let node = engine.nodes[0]
            let upgrade = Array(RawSocket.upgrade.utf8)
            try await engine.setHandshake(.status(503), node: node.id)
            #expect(try await RawSocket.exchange(node.api, upgrade).hasPrefix("HTTP/1.1 503"))
            try await engine.setHandshake(.raw("SSH-2.0-nonsense\r\n"), node: node.id)
            #expect(try await RawSocket.exchange(node.api, upgrade) == "SSH-2.0-nonsense\r\n")
            try await engine.setHandshake(.close, node: node.id)
            #expect(try await RawSocket.exchange(node.api, upgrade) == "")
            try await engine.setHandshake(.accept, node: node.id)
            #expect(try await RawSocket.exchange(node.api, upgrade, until: "\r\n\r\n").hasPrefix("HTTP/1.1 101"))
        }
    }

    @Test func tellsWhoWaitsForAConnection() async throws {
        try await withDevEngine { engine in
            let waiting = Task {
                try await engine.waitUntil { $0.nodes[0].connections == 1 && $0.nodes[0].clientCount == 1 }
            }
            // The first waits before anything happens, and nothing happens after the second.
            try await engine.waitUntil(within: .seconds(5)) { _ in true }
            let user = try await TestSocket.connect(engine.nodes[0].chat, path: "/chat")
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await waiting.value
            try await user.close()
            try await socket.close()
            try await engine.waitUntil { $0.nodes[0].connections == 0 && $0.nodes[0].clientCount == 0 }
        }
    }

    @Test func injectsAndDrops() async throws {
        try await withDevEngine { engine in
            let node = engine.nodes[0]
            let socket = try await TestSocket.connect(node.api)
            try await engine.waitUntil { $0.nodes[0].connections == 1 }
            try await engine.inject(text: "not json", node: node.id)
            #expect(await socket.text() == "not json")
            try await engine.inject(bytes: [0x82, 1, 7], node: node.id)
            #expect(await socket.next() == .binary([7]))
            #expect(try await engine.dropConnections() == 1)
            #expect(await socket.ends())
            let user = try await engine.connectEndUser()
            try await engine.dropEndUsers()
            for await _ in user.frames {}
        }
    }

    @Test func fixedPortsAndPortsInUse() async throws {
        try await withDevEngine { other in
            let taken = split(other.center).1
            var configuration = DevEngine.Configuration()
            configuration.centerPort = taken
            let error = await #expect(throws: DevEngineError.self) { try await DevEngine.start(configuration) }
            #expect(error?.code == .portInUse)
            #expect(error?.message.contains("\(taken)") == true)
            configuration.centerPort = 70_000
            await #expect(throws: DevEngineError.self) { try await DevEngine.start(configuration) }
        }
        var configuration = DevEngine.Configuration(nodes: 2)
        configuration.apiPort = 21_310
        configuration.chatPort = 21_311
        try await withDevEngine(configuration) { engine in
            #expect(engine.nodes.map(\.api) == ["127.0.0.1:21310", "127.0.0.1:21320"])
            #expect(engine.nodes.map(\.chat) == ["127.0.0.1:21311", "127.0.0.1:21321"])
        }
    }
}
