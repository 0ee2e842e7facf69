import ConnmixDevEngine
import ConnmixDurable
import Testing
import TestSupport

@Suite("the whole path", .timeLimit(.minutes(1)))
struct WholePathTests {
    @Test("a message is journaled, handled and answered, in both dialects", arguments: DevEngine.Dialect.allCases)
    func answered(dialect: DevEngine.Dialect) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2, dialect: dialect)) { engine in
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { _ in
                    let user = try await engine.connectEndUser(node: engine.nodes[1].id)
                    try await user.send(contentsOf: (0..<100).map { "hello \($0)" })
                    var frames = user.frames.makeAsyncIterator()
                    for number in 0..<100 {
                        let frame = await frames.next()
                        #expect(frame?.text == "received: hello \(number)")
                    }
                }
            }
        }
    }

    @Test(
        "P4, P5: few end users with a backlog far beyond the window: every answer comes, each user's in order", arguments: [1, 5])
    func backlogOfFew(users: Int) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 1)) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.windowCapacity = 64
                let handlers = Handlers(all: { message, context in
                    try context.meshSend(to: message.client, "\(message.id)")
                })
                try await withConsumer(configuration, handlers: handlers) { _ in
                    let feed = try await engine.feed(count: 3_000, clients: users, recordsTexts: true)
                    try await feed.waitUntil(answered: 3_000)
                    for client in feed.clients {
                        let ids = try await feed.received(by: client).compactMap { Int64($0) }
                        #expect(ids.count == 3_000 / users && ids == ids.sorted())
                    }
                }
            }
        }
    }

    @Test("P5: with several commands of a lane in flight each end user's arrive in order, on a connection that holds")
    func laneWindow() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 1)) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.laneWindow = 4
                let handlers = Handlers(all: { message, context in
                    for part in 0..<3 as Range<Int64> { try context.meshSend(to: message.client, "\(message.id * 3 + part)") }
                })
                try await withConsumer(configuration, handlers: handlers) { _ in
                    // Paced, so that lanes are neither idle nor full: commits and answers send on beside each other.
                    let feed = try await engine.feed(count: 2_400, clients: 6, perSecond: 300, recordsTexts: true)
                    try await feed.waitUntil(answered: 7_200)
                    for client in feed.clients {
                        let numbers = try await feed.received(by: client).compactMap { Int64($0) }
                        let inverted = zip(numbers, numbers.dropFirst()).count { $0 >= $1 }
                        #expect(numbers.count == 1_200 && inverted == 0)
                    }
                }
            }
        }
    }
}
