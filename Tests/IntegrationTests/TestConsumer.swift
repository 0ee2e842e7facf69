import ConnmixDevEngine
import ConnmixDurable
import FoundationEssentials
import Logging

/// A folder for one test's database, removed afterwards.
func withTemporaryDatabase<T>(_ body: (String) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("connmix-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.appendingPathComponent("test.sqlite3").path)
}

/// A configuration for tests: short intervals, quiet log.
func testConfiguration(_ database: String, _ engine: DevEngine, topics: [String] = ["chat"]) -> ConsumerConfiguration {
    var configuration = ConsumerConfiguration(database: database, centers: [engine.center], topics: topics)
    configuration.directoryRefresh = .milliseconds(200)
    configuration.backoffBase = .milliseconds(10)
    configuration.backoffCap = .milliseconds(200)
    configuration.retry.base = .milliseconds(10)
    configuration.nodeGrace = .milliseconds(500)
    configuration.drain = .seconds(5)
    return configuration
}

/// Runs a consumer beside `body`, and stops it afterwards.
func withConsumer<T: Sendable>(
    _ configuration: ConsumerConfiguration, handlers: Handlers,
    _ body: (ConnmixConsumer) async throws -> T
) async throws -> T {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let consumer = ConnmixConsumer(configuration: configuration, handlers: handlers, logger: logger)
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
