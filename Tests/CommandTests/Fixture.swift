import ConnmixDevEngine
import ConnmixDurable
import FoundationEssentials
import Logging
import TestSupport

/// A database with one message a text, each handled by `handler`; the consumer has ended.
///
/// - Parameter parking: whether a dead message parks its lane. The last message, `end`, comes from another end user then.
func withDatabase<T>(
    texts: [String], parking: Bool = false, handler: @escaping MessageHandler, _ body: (String) async throws -> T
) async throws -> T {
    try await withFolder { folder in
        let path = folder + "/test.sqlite3"
        try await withDevEngine(.init()) { engine in
            var configuration = ConsumerConfiguration(database: path, centers: [engine.center], topics: ["chat"])
            configuration.retry.maxAttempts = 1
            configuration.handlerVersion = "v7"
            if parking { configuration.lanes.deadHead = .park }
            let consumer = ConnmixConsumer(configuration: configuration, logger: .quiet, handler: handler)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await consumer.run() }
                let user = try await engine.connectEndUser()
                try await user.send(contentsOf: texts)
                // What went wrong and what went out is known once the last message is answered.
                let last = parking ? try await engine.connectEndUser() : user
                try await last.send("end")
                try await engine.waitUntil { $0.appliedCount("mesh.send") > 0 }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        return try await body(path)
    }
}

/// Answers `end`, fails `bad`, and leaves everything else unanswered.
let answerEnd: MessageHandler = { message, context in
    if message.text == "bad" { throw HandlerError.permanent("no good: \u{1B}[31m") }
    if message.text == "end" { try context.meshSend(to: message.client, "ended") }
}

/// Writes a script that can be run.
func script(_ folder: String, _ text: String, name: String = "handler.py") throws -> String {
    let path = "\(folder)/\(name)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
}

/// Looks until something holds.
func eventually(
    within limit: Duration = .seconds(20), _ what: String, _ holds: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !holds() {
        guard ContinuousClock.now < deadline else { throw NeverHappened(what: what) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

struct NeverHappened: Error {
    let what: String
}

/// Fails every message but `end` for one of three causes, with the order's number in the words.
let failForThreeCauses: MessageHandler = { message, context in
    switch message.id % 3 {
    case _ where message.text == "end": try context.meshSend(to: message.client, "ended")
    case 0: throw HandlerError.permanent("order \(message.id) not found")
    case 1: throw HandlerError.permanent("price service: connection refused by 10.0.0.\(message.id % 200)")
    default: throw HandlerError.permanent("KeyError: 'sku'")
    }
}
