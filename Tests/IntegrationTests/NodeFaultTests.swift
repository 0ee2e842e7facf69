import ConnmixDevEngine
import ConnmixDurable
import Testing
import TestSupport

@Suite("nodes in trouble", .timeLimit(.minutes(1)))
struct NodeFaultTests {
    @Test("P7: while messages come, the answer to queue.unpop is waited for: nothing that was handed out is thrown away")
    func lateUnpop() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.replyTimeout = .milliseconds(400)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    // It goes on handing out, as one does whose backlog lies before the answer.
                    try await engine.addFault(.init(.ignore, method: "queue.unpop"), node: engine.nodes[0].id)
                    let feed = try await engine.feed(count: 400, clients: 4, payloadBytes: 20, perSecond: 200)
                    try await consumer.pause(intake: true)
                    let reason = await consumer.events.find { event in
                        if case .nodeDisconnected(_, let reason, _) = event { reason } else { nil }
                    }
                    #expect(reason == "queue.unpop was not answered")
                    let counts = try Inspector(database: database).status().journal
                    #expect(counts.values.reduce(0, +) == 400)
                    try await consumer.resume()
                    try await feed.waitUntil(answered: 400)
                }
            }
        }
    }

    @Test("P9: a removed node is drained: unpop, replies awaited, close 1000, and never called again")
    func drained() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.directoryRefresh = .milliseconds(50)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    let (leaving, staying) = (engine.nodes[0].id, engine.nodes[1].id)
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    // The answer comes when the node has long left the list: 0.7 s are 14 looks at the center.
                    try await engine.addFault(.init(.delay(.milliseconds(700)), method: "mesh.send"), node: leaving)
                    let user = try await engine.connectEndUser(node: leaving)
                    try await user.send("hi")
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "received: hi")
                    try await engine.removeNode(leaving)
                    let removed = await consumer.events.find { event in
                        if case .nodeDisconnected(let node, let reason, let clean) = event {
                            (node.id, reason, clean)
                        } else {
                            nil
                        }
                    }
                    #expect(removed?.0 == leaving && removed?.1 == "left" && removed?.2 == true)
                    let record = try await engine.received().filter { $0.node == leaving }.map(\.method)
                    #expect(record == ["queue.pop", "mesh.send", "queue.unpop"])
                    try await engine.waitUntil { $0.node(leaving)?.connections == 0 }
                    let node = try await engine.snapshot().node(leaving)
                    #expect(node?.goodbyes == [1000: 1])
                    // The answer was awaited: the command is sent, and was sent once.
                    try await expectAnswer(engine, node: staying)
                    #expect(try await engine.received().filter { $0.method == "mesh.send" }.count == 2)
                    #expect(try await engine.snapshot().node(leaving)?.accepted == 1)
                }
                #expect(try LedgerCounts(database).openCommands == 0)
            }
        }
    }

    @Test("P9: a slow node slows nobody else down, and loses nothing")
    func slow() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                var configuration = testConfiguration(database, engine)
                // The slow node has all the time there is: it answers when this test lets it.
                configuration.replyTimeout = .seconds(600)
                try await withConsumer(configuration, handlers: echo) { _ in
                    let (slow, quick) = (engine.nodes[0].id, engine.nodes[1].id)
                    try await engine.addFault(.init(.swallow, method: "mesh.send", times: nil), node: slow)
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    // One end user's answers wait for each other.
                    let user = try await engine.connectEndUser(node: slow)
                    try await user.send(contentsOf: ["0", "1", "2"])
                    for number in 0..<20 { try await expectAnswer(engine, node: quick, "\(number)") }
                    var frames = user.frames.makeAsyncIterator()
                    for number in 0..<3 {
                        #expect(await frames.next()?.text == "received: \(number)")
                        // The engine's answer, at last; the connection's first request was queue.pop.
                        try await engine.inject(text: #"{"E":null,"r":{"s":true},"i":\#(number + 2)}"#, node: slow)
                    }
                    let sends = try await engine.applied().filter { $0.method == "mesh.send" }
                    #expect(sends.count == 23)
                    #expect(sends.last?.target == user.id)
                }
            }
        }
    }

    @Test("P9: a node that accepts and never answers the upgrade is given up in time, and tried again")
    func silentUpgrade() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.connectTimeout = .seconds(1)
                let (silent, other) = (engine.nodes[0].id, engine.nodes[1].id)
                try await engine.setHandshake(.hang, node: silent)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    for _ in 0..<2 {
                        let trouble = await consumer.events.trouble()
                        #expect(trouble?.contains("did not open a WebSocket within") == true, "\(trouble ?? "")")
                    }
                    try await expectAnswer(engine, node: other)
                    try await engine.setHandshake(.accept, node: silent)
                    try await expectAnswer(engine, node: silent)
                    #expect(try await engine.snapshot().nodes.map(\.accepted) == [1, 1])
                }
            }
        }
    }

    @Test("P9: one time limit for connecting, TLS and upgrade together", arguments: [false, true])
    func oneDeadline(secure: Bool) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(secure ? secureEngine() : .init()) { engine in
                // Accepts, and is silent from the first byte: with TLS, the handshake is what hangs.
                try await RawPeer.with { peer in
                    let silent = NodeAddress(host: "127.0.0.1", port: peer.port)
                    var configuration = testConfiguration(database, engine)
                    configuration.centers = [(secure ? "https://" : "") + engine.center]
                    configuration.tls.trustRoots = secure ? certificate("ca") : nil
                    configuration.connectTimeout = .milliseconds(300)
                    configuration.rewriteAddress = { _ in silent }
                    try await withConsumer(configuration, handlers: echo) { consumer in
                        _ = try await peer.firstBytes()
                        // Whatever it is that hangs, the one limit for all is what ends it.
                        let trouble = await consumer.events.trouble()
                        #expect(trouble == "\(silent) did not open a WebSocket within 300 ms")
                    }
                }
            }
        }
    }

    @Test("P9: a node that never answers queue.pop is left, and consumed on the next connection")
    func silentPop() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.replyTimeout = .seconds(1)
                try await engine.addFault(.init(.ignore, method: "queue.pop"), node: engine.nodes[0].id)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    #expect(await consumer.events.trouble() == "queue.pop was not answered")
                    try await expectAnswer(engine)
                    #expect(try await engine.snapshot().nodes[0].accepted == 2)
                }
            }
        }
    }

    @Test("P9: a refused queue.pop is said, and sent again on the same connection")
    func refusedPop() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await engine.addFault(
                    .init(.error(code: 201, message: "not now"), method: "queue.pop"), node: engine.nodes[0].id)
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    let trouble = await consumer.events.trouble()
                    #expect(trouble?.contains("201") == true && trouble?.contains("not now") == true, "\(trouble ?? "")")
                    try await expectAnswer(engine)
                    #expect(try await engine.snapshot().nodes[0].accepted == 1)
                }
            }
        }
    }

    @Test("P9: a peer that stops reading is found by its silence, by TLS too", arguments: [false, true])
    func halfOpen(secure: Bool) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(secure ? secureEngine(nodes: 2) : .init(nodes: 2)) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.centers = [(secure ? "https://" : "") + engine.center]
                configuration.tls.trustRoots = secure ? certificate("ca") : nil
                // The other node must not seem dead where this machine stands still for a moment.
                configuration.pingInterval = .seconds(1)
                configuration.connectTimeout = .seconds(2)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    let (silent, other) = (engine.nodes[0].id, engine.nodes[1].id)
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    try await engine.cutNode(silent)
                    let trouble = await consumer.events.trouble()
                    #expect(trouble?.contains("nothing was heard") == true, "\(trouble ?? "")")
                    try await expectAnswer(engine, node: other)
                    #expect(try await engine.snapshot().node(other)?.accepted == 1)
                    try await engine.healNode(silent)
                    try await expectAnswer(engine, node: silent)
                }
            }
        }
    }
}
