import ConnmixDevEngine
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("outcomes of handlers", .timeLimit(.minutes(1)))
struct OutcomeTests {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    @Test("P3: a handler that throws leaves no command behind, and is tried again in its place")
    func throwing() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let handlers = Handlers(all: { message, context in
                    try context.meshSend(to: message.client, "\(message.text ?? "") attempt \(message.attempt)")
                    if message.text == "one", message.attempt < 3 { throw Failure(description: "not yet") }
                })
                try await withConsumer(testConfiguration(database, engine), handlers: handlers) { _ in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: ["one", "two"])
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "one attempt 3")
                    #expect(await frames.next()?.text == "two attempt 1")
                    #expect(user.receivedCount == 2)
                }
            }
        }
    }

    @Test("a topic with one handler holds up no other topic, and its messages are handled one after the other")
    func topicConcurrency() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let (gate, open) = AsyncStream<Void>.makeStream()
                let running = Locked((now: 0, most: 0))
                var options = HandlerOptions()
                options.concurrency = 1
                var handlers = Handlers()
                handlers.handle("slow", options: options) { message, context in
                    running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                    for await _ in gate {}
                    running.withLock { $0.now -= 1 }
                    try context.meshSend(to: message.client, "slow")
                }
                handlers.handle("chat") { message, context in try context.meshSend(to: message.client, "chat") }
                let configuration = testConfiguration(database, engine, topics: ["slow", "chat"])
                try await withConsumer(configuration, handlers: handlers) { _ in
                    let user = try await engine.connectEndUser()
                    let others = [try await engine.connectEndUser(), try await engine.connectEndUser()]
                    for other in others { try await engine.push(topic: "slow", client: other.id, data: Array("1".utf8)) }
                    try await engine.push(topic: "chat", client: user.id, data: Array("1".utf8))
                    #expect(await user.frames.first { _ in true }?.text == "chat")
                    open.finish()
                    for other in others { #expect(await other.frames.first { _ in true }?.text == "slow") }
                }
                #expect(running.withLock { $0.most } == 1)
            }
        }
    }

    @Test("attempts used up, and permanent failures, are dead with their reason; the lane goes on")
    func dead() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.retry.maxAttempts = 2
                let handlers = Handlers(all: { message, context in
                    switch message.text {
                    case "never": throw Failure(description: "always fails")
                    case "invalid": throw HandlerError.permanent("no such order")
                    default: try context.meshSend(to: message.client, "ok")
                    }
                })
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: ["never", "invalid", "fine"])
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "ok")
                    var failures: [String] = []
                    for await event in consumer.events {
                        guard case .handlerFailed(let id, let attempt, let error, let isDead) = event else { continue }
                        failures.append("\(id) \(attempt) \(error) \(isDead)")
                        if failures.count == 3 { break }
                    }
                    #expect(
                        failures == ["1 1 always fails false", "1 2 always fails true", "2 1 no such order true"])
                }
            }
        }
    }

    struct Order: Decodable {
        var sku: Int
    }

    @Test("typed handlers, one a topic; what does not decode is dead at once")
    func typed() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(topics: ["chat", "orders"])) { engine in
                var handlers = Handlers()
                handlers.handle("chat") { message, context in try context.meshSend(to: message.client, "chat") }
                handlers.handle("orders", as: Order.self) { order, message, context in
                    try context.meshSend(to: message.client, "order \(order.sku)")
                }
                let configuration = testConfiguration(database, engine, topics: ["chat", "orders"])
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let user = try await engine.connectEndUser()
                    try await engine.push(topic: "orders", client: user.id, data: Array(#"{"sku":"x"}"#.utf8))
                    try await engine.push(topic: "orders", client: user.id, data: Array(#"{"sku":7}"#.utf8))
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "order 7")
                    for await event in consumer.events {
                        guard case .handlerFailed(1, 1, let error, isDead: true) = event else { continue }
                        #expect(error.contains("Order"))
                        break
                    }
                }
            }
        }
    }

    @Test("a consumed topic without a handler is an error at the start")
    func missingHandler() async throws {
        try await withTemporaryDatabase { database in
            var handlers = Handlers()
            handlers.handle("a") { _, _ in }
            let configuration = ConsumerConfiguration(database: database, topics: ["a", "b"])
            let consumer = ConnmixConsumer(configuration: configuration, handlers: handlers)
            let error = await #expect(throws: ConnmixError.self) { try await consumer.run() }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("topic b") == true)
        }
    }

    @Test("P2: a popped event that cannot be understood is kept as dead, never dropped")
    func unreadable() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let hostile = #"{"e":"queue.pop","p":{"c":"1","t":"chat"},"id":null}"#
                    try await engine.inject(text: hostile, node: engine.nodes[0].id)
                    try await engine.push(topic: "chat", client: "9", data: Array("not json".utf8))
                    var kept: [Int64] = []
                    for await event in consumer.events {
                        guard case .unreadableMessage(let id, _, let reason) = event else { continue }
                        #expect(!reason.isEmpty)
                        kept.append(id)
                        if kept.count == 2 { break }
                    }
                    #expect(kept == [1, 2])
                }
            }
        }
    }

    @Test("P5: messages of one client are handled one at a time and in order, others beside them")
    func lanes() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                let tally = Tally()
                let seen = Locked<[String: (running: Bool, last: Int, overlaps: Int)]>([:])
                let handlers = Handlers(all: { message, _ in
                    let number = try #require(Int(message.text ?? ""))
                    seen.withLock { seen in
                        var state = seen[message.client.text] ?? (false, -1, 0)
                        if state.running || number != state.last + 1 { state.overlaps += 1 }
                        state = (true, number, state.overlaps)
                        seen[message.client.text] = state
                    }
                    await Task.yield()
                    seen.withLock { $0[message.client.text]?.running = false }
                    tally.handled(message.id)
                })
                try await withConsumer(testConfiguration(database, engine), handlers: handlers) { _ in
                    var users: [EndUser] = []
                    for index in 0..<10 { users.append(try await engine.connectEndUser(node: engine.nodes[index % 2].id)) }
                    for number in 0..<100 {
                        for user in users { try await user.send("\(number)") }
                    }
                    await tally.wait(for: 1_000)
                }
                let states = seen.withLock { $0 }
                #expect(states.count == 10)
                #expect(states.values.allSatisfy { $0.last == 99 && $0.overlaps == 0 })
            }
        }
    }

    @Test("the stream of events ends with the run, also where nothing could begin")
    func eventsEnd() async throws {
        let consumer = ConnmixConsumer(configuration: .init(centers: ["nonsense://h"], topics: ["chat"]), handlers: echo)
        async let events: Void = { for await _ in consumer.events {} }()
        await #expect(throws: ConnmixError.self) { try await consumer.run() }
        await events
    }
}
