import ConnmixDevEngine
import ConnmixDurable
import Testing
import TestSupport

@Suite("commands", .timeLimit(.minutes(1)))
struct CommandDeliveryTests {
    @Test(
        "P5: subscribe, publish, context: all that a handler issues arrives, in its order", arguments: DevEngine.Dialect.allCases)
    func everything(dialect: DevEngine.Dialect) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2, dialect: dialect)) { engine in
                let handlers = Handlers(all: { message, context in
                    let client = message.client
                    switch message.text {
                    case "join":
                        try context.subscribe(client, to: "room:7", "news")
                        try context.meshPublish(to: "room:7", "joined")
                        try context.unsubscribe(client, from: "news")
                        try context.setContextValue(client, "tenant", 42)
                        try context.setContext(client, ["role": "admin"])
                        try context.call(client, "set_context_value", argumentsJSON: #"["raw",[1,2]]"#)
                        try context.meshSend(to: client, "welcome")
                    default:
                        try context.setContextValue(client, "user_id", 0)
                    }
                })
                try await withConsumer(testConfiguration(database, engine), handlers: handlers) { _ in
                    let user = try await engine.connectEndUser(node: engine.nodes[1].id)
                    // The frame after `auth` is only processed once the handler has set the key.
                    try await user.send(contentsOf: [#"{"op":"auth"}"#, "join"])
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "joined")
                    #expect(await frames.next()?.text == "welcome")
                    let client = try await engine.snapshot().client(user.id)
                    #expect(client?.channels == ["room:7"])
                    #expect(client?.context == ["user_id": "0", "tenant": "42", "role": #""admin""#, "raw": "[1,2]"])
                }
            }
        }
    }

    @Test(
        "P4: a connection lost before or after a command was applied: it is sent again",
        arguments: [DevEngine.Fault.Action.dropBefore(reset: true), .dropAfter(reset: true), .dropBefore(reset: false), .swallow])
    func lost(action: DevEngine.Fault.Action) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.replyTimeout = .milliseconds(300)
                try await engine.addFault(.init(action, method: "mesh.send", skip: 2, times: 3), node: engine.nodes[0].id)
                try await withConsumer(configuration, handlers: echo) { _ in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: (0..<20).map { "\($0)" })
                    var last = -1
                    for await frame in user.frames {
                        let number = try #require(Int(frame.text?.dropFirst("received: ".count) ?? ""))
                        #expect(number == last || number == last + 1)  // repeats are allowed, gaps and disorder are not
                        last = number
                        if last == 19 { break }
                    }
                }
            }
        }
    }

    @Test("refusals: 401 three times and dead, 101 dead at once; later commands of the lane go on")
    func refused() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let handlers = Handlers(all: { message, context in
                    try context.meshSend(to: "1", "nobody")
                    try context.request("no.such.method", paramsJSON: "{}")
                    try context.meshSend(to: message.client, "after")
                })
                var configuration = testConfiguration(database, engine)
                configuration.commandRetry.unreachablePause = .milliseconds(10)
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let user = try await engine.connectEndUser()
                    try await user.send("go")
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "after")
                    var dead: [Int64: String] = [:]
                    for await event in consumer.events {
                        if case .commandDead(let id, let reason) = event { dead[id] = reason }
                        if dead.count == 2 { break }
                    }
                    #expect(dead[1]?.hasPrefix("client gone") == true)
                    #expect(dead[2]?.contains("101") == true)
                    #expect(try await engine.received().filter { $0.target == "1" }.count == 3)
                }
            }
        }
    }

    @Test("the old client's synchronous mode: a receipt with success, fail and total", arguments: DevEngine.Dialect.allCases)
    func receipts(dialect: DevEngine.Dialect) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2, dialect: dialect)) { engine in
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    let users = [
                        try await engine.connectEndUser(node: engine.nodes[0].id),
                        try await engine.connectEndUser(node: engine.nodes[1].id),
                    ]
                    // No node is named: the connection is looked for.
                    for user in users {
                        let joined = try await consumer.outbox.subscribe(ClientID(user.id), to: "news")
                        #expect(try await joined.answer(within: .seconds(10)).isSuccess)
                    }
                    let published = try await consumer.outbox.meshPublish(to: "news", "hello")
                    let answer = try await published.answer(within: .seconds(10))
                    #expect(answer.isSuccess)
                    #expect(answer.delivered == 2)
                    #expect(answer.failed == 0)
                    #expect(answer.total == 2)
                    let refused = try await consumer.outbox.meshSend(to: "1", "nobody").answer(within: .seconds(10))
                    #expect(refused.state == .dead)
                    #expect(refused.code == .sendFailed)
                    let gone = try await consumer.outbox.setContextValue("1", "k", 1).answer(within: .seconds(10))
                    #expect(gone.state == .dead)
                    #expect(gone.code == .callFailed)
                }
            }
        }
    }

    @Test("a receipt's time limit passes; the command is kept and sent later")
    func receiptTimeout() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let user = try await engine.connectEndUser()
                    try await engine.addFault(.init(.ignore, method: "mesh.send", times: nil), node: engine.nodes[0].id)
                    let receipt = try await consumer.outbox.meshSend(to: ClientID(user.id), "late")
                    let error = await #expect(throws: ConnmixError.self) { try await receipt.answer(within: .milliseconds(50)) }
                    #expect(error?.code == .timedOut)
                    try await engine.clearFaults()
                    try await engine.dropConnections()
                    #expect(try await receipt.answer(within: .seconds(20)).isSuccess)
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "late")
                }
            }
        }
    }
}
