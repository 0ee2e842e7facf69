import ConnmixDevEngine
import FoundationEssentials
import Logging
import TestSupport

@testable import ConnmixDurable

/// A configuration for tests: short intervals, quiet log.
func testConfiguration(_ database: String, _ engine: DevEngine, topics: [String] = ["chat"]) -> ConsumerConfiguration {
    var configuration = ConsumerConfiguration(database: database, centers: [engine.center], topics: topics)
    configuration.directoryRefresh = .milliseconds(200)
    configuration.backoffBase = .milliseconds(10)
    configuration.backoffCap = .milliseconds(200)
    configuration.retry.base = .milliseconds(10)
    configuration.nodeGrace = .milliseconds(500)
    configuration.drain = .seconds(30)
    return configuration
}

/// Runs a consumer beside `body`, and stops it afterwards.
func withConsumer<T: Sendable>(
    _ configuration: ConsumerConfiguration, handlers: Handlers,
    _ body: (ConnmixConsumer) async throws -> T
) async throws -> T {
    let consumer = ConnmixConsumer(configuration: configuration, handlers: handlers, logger: .quiet)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await consumer.run() }
        let result = try await body(consumer)
        group.cancelAll()
        try await group.waitForAll()
        return result
    }
}

let echo = Handlers(all: { message, context in
    try context.meshSend(to: message.client, "received: \(message.text ?? "")")
})

/// What the file holds, read beside a running consumer.
struct LedgerCounts {
    let entries: Int64
    let open: Int64
    let claimed: Int64
    let done: Int64
    let dead: Int64
    let openCommands: Int64

    init(_ database: String) throws {
        let store = try SharedStore(path: database)
        (entries, open, claimed, done, dead, openCommands) = try store.read { connection in
            (
                try connection.integer("SELECT count(*) FROM journal"),
                try connection.integer("SELECT count(*) FROM journal WHERE state < 8"),
                try connection.integer("SELECT count(*) FROM journal WHERE state = 3"),
                try connection.integer("SELECT count(*) FROM journal WHERE state = 8"),
                try connection.integer("SELECT count(*) FROM journal WHERE state = 9"),
                try connection.integer("SELECT count(*) FROM outbox WHERE state < 8")
            )
        }
    }
}

/// Which entries were handled, and a way to wait for them.
final class Tally: Sendable {
    private struct State {
        var handled: Set<Int64> = []
        var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Locked(State())

    func handled(_ id: Int64) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.handled.insert(id)
            guard let waiter = state.waiter, state.handled.count >= waiter.count else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    /// Returns when so many different entries were handled. One waiter at a time.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.handled.count >= count { return true }
                state.waiter = (count, continuation)
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    var count: Int { state.withLock { $0.handled.count } }
}
