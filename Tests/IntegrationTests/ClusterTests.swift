import ConnmixDevEngine
import ConnmixDurable
import Logging
import NIOCore
import ServiceLifecycle
import Testing
import TestSupport

@Suite("nodes that come and go", .timeLimit(.minutes(1)))
struct ClusterTests {
    @Test("P9: nodes are added, restarted, removed; the consumer follows without a restart")
    func changes() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 1)) { engine in
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { _ in
                    func answered(_ node: String) async throws {
                        let user = try await engine.connectEndUser(node: node)
                        try await user.send("hi")
                        var frames = user.frames.makeAsyncIterator()
                        #expect(await frames.next()?.text == "received: hi")
                    }
                    let first = engine.nodes[0].id
                    try await answered(first)
                    let second = try await engine.addNode().id
                    try await answered(second)
                    let again = try await engine.restartNode(first).id
                    #expect(again != first)
                    try await answered(again)
                    try await engine.removeNode(second)
                    try await engine.waitUntil { $0.node(second)?.connections == 0 }
                    try await answered(again)
                }
            }
        }
    }

    @Test("P9: connections that are dropped all the time: every message is answered")
    func dropped() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { _ in
                    let user = try await engine.connectEndUser(node: engine.nodes[1].id)
                    var frames = user.frames.makeAsyncIterator()
                    for number in 0..<30 {
                        try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                        try await user.send("\(number)")
                        // The end user has its answer; whether the engine's own answer arrives is another matter.
                        var text = await frames.next()?.text
                        while let known = text, known != "received: \(number)" { text = await frames.next()?.text }
                        #expect(text == "received: \(number)")
                        try await engine.dropConnections()
                    }
                }
            }
        }
    }

    @Test("a center that is down at the start, then talks nonsense, then is well")
    func center() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await engine.setCenter(.down)
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    var troubles: [String?] = []
                    for await event in consumer.events {
                        guard case .centerTrouble(let trouble) = event else { continue }
                        troubles.append(trouble)
                        switch troubles.count {
                        case 1:
                            // Whoever looks at the file sees it, too.
                            let inspector = try Inspector(database: database)
                            while try inspector.status().centerTrouble == nil { await Task.yield() }
                            let status = try inspector.status()
                            #expect(status.centerTrouble?.reason == trouble)
                            #expect(status.centers == [engine.center])
                            #expect(consumer.standing.obstacle == "no node is being consumed: \(trouble ?? "")")
                            try await engine.setCenter(.body("<html>"))
                        case 2: try await engine.setCenter(.nothing)
                        case 3: try await engine.setCenter(.normal)
                        default: break
                        }
                        if trouble == nil { break }
                    }
                    #expect(troubles.count == 4)
                    #expect(troubles[0]?.contains("cannot be reached") == true)
                    #expect(troubles[1]?.contains("not what a connmix center says") == true)
                    #expect(troubles[2] == "the center lists no nodes")
                    let user = try await engine.connectEndUser()
                    try await user.send("hi")
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "received: hi")
                    try await engine.setCenter(.hang)
                    try await user.send("still there")
                    #expect(await frames.next()?.text == "received: still there")
                }
            }
        }
    }

    @Test("P9: a node that hangs is found by its silence, and consumed again when it answers")
    func hanging() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.pingInterval = .milliseconds(100)
                configuration.connectTimeout = .milliseconds(300)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    let node = engine.nodes[0].id
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    try await engine.cutNode(node)
                    for await event in consumer.events {
                        if case .nodeDisconnected(_, let reason, clean: false) = event {
                            #expect(reason.contains("nothing was heard"))
                            break
                        }
                    }
                    try await engine.healNode(node)
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let user = try await engine.connectEndUser()
                    try await user.send("hi")
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "received: hi")
                }
            }
        }
    }

    @Test("calls to end users of a restarted node are dead, and say so; the rest goes on")
    func nodeGone() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                let handlers = Handlers(all: { message, context in
                    try context.subscribe(message.client, to: "room")
                    try context.meshSend(to: message.client, "done")
                })
                try await withConsumer(testConfiguration(database, engine), handlers: handlers) { consumer in
                    let node = engine.nodes[0].id
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    try await engine.addFault(.init(.ignore, method: "conn.call"), node: node)
                    let user = try await engine.connectEndUser(node: node)
                    try await user.send("hi")
                    try await engine.waitUntil { $0.received >= 3 }  // two pops and the call
                    try await engine.restartNode(node)
                    for await event in consumer.events {
                        guard case .commandDead(_, let reason) = event else { continue }
                        #expect(reason.contains("gone"))
                        break
                    }
                    let other = try await engine.connectEndUser(node: engine.nodes[1].id)
                    try await other.send("hi")
                    var frames = other.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "done")
                }
            }
        }
    }

    @Test("P10: a second consumer of the file is refused, and told who has it")
    func secondConsumer() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let configuration = testConfiguration(database, engine)
                try await withConsumer(configuration, handlers: echo) { _ in
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let second = ConnmixConsumer(configuration: configuration, handlers: echo)
                    let error = await #expect(throws: ConnmixError.self) { try await second.run() }
                    #expect(error?.code == .busy)
                    #expect(error?.message.contains("process") == true)
                }
            }
        }
    }

    @Test("a graceful stop leaves nothing in hand: what was popped is kept, what was begun is answered")
    func gracefulStop() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                // Few enough for any machine, and more than are answered when the stop begins; only a hang meets the limits.
                let feed = try await engine.feed(count: 3_000, clients: 50)
                var configuration = testConfiguration(database, engine)
                configuration.shutdownGrace = .seconds(600)
                configuration.drain = .seconds(600)
                let consumer = ConnmixConsumer(configuration: configuration, handlers: echo, logger: .quiet)
                let group = ServiceGroup(
                    configuration: .init(services: [.init(service: consumer)], logger: .quiet))
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await group.run() }
                    try await feed.waitUntil(answered: 100)
                    await group.triggerGracefulShutdown()
                    try await tasks.waitForAll()
                }
                let progress = try await feed.progress()
                let journal = try LedgerCounts(database)
                #expect(journal.entries == Int64(progress.popped))
                #expect(journal.done == Int64(progress.answered))
                #expect(journal.claimed == 0)
                #expect(journal.openCommands == 0)
            }
        }
    }

    @Test("P2: a consumer that is cancelled in the middle keeps what it took; the next one goes on in order")
    func cancelled() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let feed = try await engine.feed(count: 5_000, clients: 20, recordsTexts: true)
                for round in 1...4 {
                    try await withConsumer(testConfiguration(database, engine), handlers: echo) { _ in
                        try await feed.waitUntil(answered: round * 500)
                    }
                }
                let kept = try LedgerCounts(database)
                #expect(kept.entries > 0 && kept.dead == 0)
                let tally = Tally()
                let last = Handlers(all: { message, context in
                    tally.handled(message.id)
                    try context.meshSend(to: message.client, "received: \(message.text ?? "")")
                })
                try await withConsumer(testConfiguration(database, engine), handlers: last) { _ in
                    try await feed.allSent()
                    await tally.wait(for: Int(kept.open))
                }
                for client in feed.clients {
                    var last = -1
                    for text in try await feed.received(by: client) {
                        let number = try #require(Int(text.drop { !$0.isNumber }.prefix { $0.isNumber }))
                        #expect(number <= last + 1 || last == -1 || number > last, "client \(client)")
                        last = max(last, number)
                    }
                }
            }
        }
    }
}
