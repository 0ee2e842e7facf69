import ConnmixDevEngine
import ConnmixDurable
import Testing
import TestSupport

@Suite("HTTP in place of a WebSocket", .timeLimit(.minutes(1)))
struct HTTPFallbackTests {
    private typealias Fault = DevEngine.Fault

    /// Nodes that answer HTTP and open no WebSocket, and a consumer that may use it.
    private func withFallback(
        nodes: Int = 1, dialect: DevEngine.Dialect = .docs, isOn: Bool = true,
        _ body: @Sendable (DevEngine, ConnmixConsumer, String) async throws -> Void
    ) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: nodes, dialect: dialect)) { engine in
                for node in engine.nodes { try await engine.setHandshake(.httpOnly, node: node.id) }
                var configuration = testConfiguration(database, engine)
                configuration.httpFallback = isOn
                configuration.replyTimeout = .milliseconds(300)
                configuration.commandRetry.base = .milliseconds(10)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    try await body(engine, consumer, database)
                }
            }
        }
    }

    private func byHTTP(_ consumer: ConnmixConsumer) async {
        _ = await consumer.events.find { if case .nodeByHTTP(let node) = $0 { node } else { nil } }
    }

    @Test("P4: sends and publishes go by HTTP, calls wait for the WebSocket; once it is open everything goes there")
    func fallback() async throws {
        try await withFallback(nodes: 2) { engine, consumer, database in
            await byHTTP(consumer)
            let user = try await engine.connectEndUser(node: engine.nodes[0].id)
            var frames = user.frames.makeAsyncIterator()
            let client = ClientID(user.id)
            let call = try await consumer.outbox.subscribe(client, to: "room")
            let text = try await consumer.outbox.meshSend(to: ClientID("999"), "nobody")
            _ = try await consumer.outbox.meshPublish(to: "room", "to nobody").answer(within: .seconds(5))
            let other = try await engine.connectEndUser(node: engine.nodes[1].id)
            _ = try await consumer.outbox.meshSend(to: ClientID(other.id), "\"quoted\"").answer(within: .seconds(5))
            var others = other.frames.makeAsyncIterator()
            #expect(await others.next()?.text == "\"quoted\"")
            // 401 is an answer as by WebSocket: three attempts, then dead.
            let gone = try await text.answer(within: .seconds(8))
            #expect(gone.state == .dead && gone.error?.contains("gone") == true)
            let seen = try await engine.received()
            #expect(seen.allSatisfy { $0.connection == 0 && $0.method.hasPrefix("mesh.") })

            for node in engine.nodes { try await engine.setHandshake(.accept, node: node.id) }
            _ = try await call.answer(within: .seconds(5))
            let published = try await consumer.outbox.meshPublish(to: "room", "hello").answer(within: .seconds(5))
            #expect(published.delivered == 1)
            #expect(await frames.next()?.text == "hello")
            #expect(try await engine.received().last { $0.method == "mesh.publish" }?.connection != 0)
            try await expectAnswer(engine)
        }
    }

    @Test(
        "P4: a broken answer, no answer and a cut connection are tried again",
        arguments: [
            Fault.Action.answer("<html>bad gateway</html>"), .answer(#"{"error":"not found"}"#), .ignore, .swallow, .dropBefore(),
            .dropAfter(), .error(code: 777, message: "later"),
        ])
    func failures(_ action: DevEngine.Fault.Action) async throws {
        try await withFallback { engine, consumer, _ in
            await byHTTP(consumer)
            let user = try await engine.connectEndUser()
            try await engine.addFault(.init(action, method: "mesh.send"), node: engine.nodes[0].id)
            let receipt = try await consumer.outbox.meshSend(to: ClientID(user.id), "hi")
            _ = try await receipt.answer(within: .seconds(10))
            var frames = user.frames.makeAsyncIterator()
            #expect(await frames.next()?.text == "hi")
        }
    }

    @Test("without the option, and with engines that have no such api, nothing goes by HTTP")
    func off() async throws {
        try await withFallback(isOn: false) { engine, consumer, _ in
            for _ in 0..<3 { #expect(await consumer.events.trouble()?.contains("status 404") == true) }
            let snapshot = try await engine.snapshot()
            #expect(snapshot.received == 0)
        }
        try await withFallback(dialect: .php105) { engine, consumer, _ in
            for _ in 0..<3 { #expect(await consumer.events.trouble()?.contains("status 404") == true) }
            let user = try await engine.connectEndUser()
            let receipt = try await consumer.outbox.meshSend(to: ClientID(user.id), "hi")
            try await engine.setHandshake(.accept, node: engine.nodes[0].id)
            _ = try await receipt.answer(within: .seconds(5))
            #expect(try await engine.received().last { $0.method == "mesh.send" }?.connection != 0)
        }
    }
}
