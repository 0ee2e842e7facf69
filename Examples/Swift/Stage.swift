import ConnmixDevEngine
import ConnmixDurable
import Foundation
import Logging

/// What all examples play on: a development engine, and a database in a folder that is removed afterwards.
struct Stage: Sendable {
    let engine: DevEngine
    let database: String

    static func open(_ play: @Sendable (Stage) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("connmix-example-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await withDevEngine { engine in
            try await play(Stage(engine: engine, database: folder.appendingPathComponent("example.sqlite3").path))
        }
    }

    /// Runs a consumer while `body` runs, then stops it.
    func consuming(
        _ handlers: Handlers, _ change: (inout ConsumerConfiguration) -> Void = { _ in },
        _ body: () async throws -> Void
    ) async throws {
        var configuration = ConsumerConfiguration(database: database, centers: [engine.center], topics: ["chat"])
        change(&configuration)
        let silent = Logger(label: "example") { _ in SwiftLogNoOpLogHandler() }
        let consumer = ConnmixConsumer(configuration: configuration, handlers: handlers, logger: silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            // An end user's connection can be told something once its node is consumed.
            try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}

/// An end user whose frames are printed.
struct Person {
    let name: String
    let user: EndUser
    private var frames: AsyncStream<EndUser.Frame>.Iterator

    init(_ name: String, on engine: DevEngine) async throws {
        self.name = name
        user = try await engine.connectEndUser()
        frames = user.frames.makeAsyncIterator()
    }

    func says(_ text: String) async throws {
        print("\(name) > \(text)")
        try await user.send(text)
    }

    mutating func hears() async {
        print("\(name) < \(await frames.next()?.text ?? "(the connection has ended)")")
    }
}
