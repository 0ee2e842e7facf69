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
}
