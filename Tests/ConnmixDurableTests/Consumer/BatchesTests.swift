import Testing

@testable import ConnmixDurable

@Suite("batches", .timeLimit(.minutes(1)))
struct BatchesTests {
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Tries messages at the same time, and answers their outcomes in the order of the texts.
    private func run(
        _ texts: [String], of size: Int, within limit: Duration, _ body: @escaping BatchHandler
    ) async throws -> [HandlerTrial.Outcome] {
        var handlers = Handlers()
        handlers.handle("chat", inBatchesOf: size, within: limit, body)
        let trial = HandlerTrial(handlers)
        return try await withThrowingTaskGroup(of: (Int, HandlerTrial.Outcome).self) { group in
            for (index, text) in texts.enumerated() {
                group.addTask { (index, try await trial.run(Message(topic: "chat", client: ClientID(text), text: text)).outcome) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    @Test("a batch that is full is handled at once, and each message has its own outcome and commands")
    func full() async throws {
        let sizes = Locked<[Int]>([])
        let outcomes = try await run(["a", "b", "bad"], of: 3, within: .seconds(3_600)) { batch in
            sizes.withLock { $0.append(batch.count) }
            for item in batch {
                try item.context.meshSend(to: item.message.client, "stored")
                if item.message.text == "bad" {
                    item.fail(HandlerError.permanent("refused"))
                    item.fail(Failure(description: "too late"))
                }
            }
        }
        #expect(
            try outcomes == [
                .done([.meshSend(to: "a", "stored")]), .done([.meshSend(to: "b", "stored")]), .dead(reason: "refused"),
            ])
        #expect(sizes.withLock { $0 } == [3])
    }

    @Test("one that does not fill is handled when its time is up; one of a single message never waits")
    func time() async throws {
        let late = try await run(["a"], of: 100, within: .milliseconds(1)) { _ in }
        #expect(late == [.done([])])
        let single = try await run(["a", "b"], of: 1, within: .seconds(3_600)) { batch in #expect(batch.count == 1) }
        #expect(single == [.done([]), .done([])])
    }

    @Test("what a batch throws fails all of it, but for those with an error of their own")
    func failed() async throws {
        let outcomes = try await run(["a", "bad"], of: 2, within: .seconds(3_600)) { batch in
            for item in batch where item.message.text == "bad" { item.fail(HandlerError.permanent("refused")) }
            throw HandlerError.retry(after: .seconds(9), reason: "the store is away")
        }
        #expect(outcomes == [.retry(after: .seconds(9), error: "the store is away"), .dead(reason: "refused")])
    }

    @Test("a batch whose first message's attempt is ended fails the others with that reason")
    func cutShort() async throws {
        let (began, begin) = AsyncStream<Int64>.makeStream()
        let batches = Batches(of: 2, within: .seconds(3_600)) { batch in
            begin.yield(batch[0].message.id)
            try await Task.sleep(for: .seconds(3_600))
        }
        let attempts = [1, 2].map { id in
            Task { try await batches.handle(Message(topic: "chat", text: "x", id: id), HandlerContext()) }
        }
        for await first in began.prefix(1) {
            attempts[Int(first) - 1].cancel()
            await #expect(throws: CancellationError.self) { try await attempts[Int(first) - 1].value }
            await #expect(throws: Batches.CutShort.self) { try await attempts[2 - Int(first)].value }
        }
    }

    @Test("the first one, interrupted before its batch begins, is released, and a new batch begins with the next ones")
    func interrupted() async throws {
        let (joined, join) = AsyncStream<Void>.makeStream()
        let batches = Batches(of: 3, within: .seconds(3_600)) { batch in
            #expect(batch.map(\.message.id).sorted() == [2, 3, 4])
        }
        @Sendable func handle(_ id: Int64) async throws {
            try await batches.handle(Message(topic: "chat", text: "x", id: id), HandlerContext())
        }
        var handlers = Handlers(all: { message, context in try await batches.handle(message, context) })
        handlers.use { message, context, next in
            join.yield()
            try await next(message, context)
        }
        let trial = HandlerTrial(handlers)
        let first = Task { try await trial.run(Message(topic: "chat", text: "x", id: 1)).outcome }
        for await _ in joined.prefix(1) {}
        first.cancel()
        #expect(try await first.value == .released)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in [2, 3, 4] as [Int64] { group.addTask { try await handle(id) } }
            try await group.waitForAll()
        }
    }
}
