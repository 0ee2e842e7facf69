import ConnmixDevEngine
import Foundation
import TestSupport
import Testing

@testable import ConnmixDurable

/// From end to end: end users number their frames and send again what is not acknowledged, while engine nodes restart and the
/// consumer is killed, at random.
@Suite("acknowledgement", .timeLimit(.minutes(5)))
struct AcknowledgementTests {
    /// What died so far, while the end users are at work.
    private struct Chaos {
        var goesOn = true
        var kills = 0
        var restarts = 0
        var resent = 0

        /// Whether the test would prove something if it ended now.
        var isEnough: Bool { kills > 1 && restarts > 0 && resent > 0 }
    }

    /// Sends the numbers from 1, each until it is acknowledged: `count` of them, and more until enough has died meanwhile.
    ///
    /// - Returns: How many were sent, all of them acknowledged.
    private func endUser(_ name: String, count: Int, _ engine: DevEngine, _ chaos: Locked<Chaos>) async throws -> Int {
        var number = 1
        var isOpen = false
        func isAtWork() -> Bool { isOpen || number <= count || !chaos.withLock(\.isEnough) }
        while isAtWork() {
            guard let node = try? await engine.snapshot().nodes.filter(\.isRunning).randomElement()?.id,
                let user = try? await engine.connectEndUser(node: node)
            else { continue }
            await withTaskGroup(of: Bool.self) { group in
                // What is not acknowledged within this time is sent again over a new connection.
                group.addTask {
                    try? await Task.sleep(for: .seconds(2))
                    await user.close()
                    return false
                }
                defer { group.cancelAll() }
                while isAtWork() {
                    isOpen = true
                    guard (try? await user.send(#"{"n":\#(number),"user":"\#(name)"}"#)) != nil else { return }
                    for await frame in user.frames where frame.text == #"{"ack":\#(number)}"# {
                        isOpen = false
                        break
                    }
                    guard !isOpen else { return }
                    number += 1
                }
            }
            if isOpen { chaos.withLock { $0.resent += 1 } }
            await user.close()
        }
        return number - 1
    }

    @Test("P2: whatever dies, every number is handled, once, and the end user is told", arguments: ["journaled", "handled"])
    func endToEnd(moment: String) async throws {
        try await withTemporaryDatabase { try await endToEnd(moment, $0) }
    }

    private func endToEnd(_ moment: String, _ database: String) async throws {
        let seeded = SeededGenerator(for: "acknowledgement, \(moment)")
        var settings = DevEngine.Configuration(nodes: 2)
        settings.acknowledgeKey = "ack"
        let (users, count) = (8, 80)
        try await withDevEngine(settings) { engine in
            let names = (0..<users).map { "u\($0)" }
            let chaos = Locked(Chaos())
            let sent = Locked(0)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    var random = seeded
                    while chaos.withLock({ $0.goesOn }) {
                        let child = try Child("crash-child", [database, engine.center, moment])
                        // Killed at a random moment of the work, often while nothing more comes.
                        let before = try await engine.snapshot().delivered
                        _ = try? await engine.waitUntil(within: .milliseconds(Int.random(in: 50...600, using: &random))) {
                            $0.delivered >= before + 100_000
                        }
                        if Bool.random(using: &random), let node = engine.nodes.randomElement(using: &random) {
                            if (try? await engine.restartNode(node.id)) != nil { chaos.withLock { $0.restarts += 1 } }
                        }
                        await child.kill()
                        chaos.withLock { $0.kills += 1 }
                    }
                    return false
                }
                for name in names {
                    group.addTask {
                        let numbers = try await self.endUser(name, count: count, engine, chaos)
                        sent.withLock { $0 += numbers }
                        return true
                    }
                }
                var finished = 0
                for try await isUser in group where isUser {
                    finished += 1
                    if finished == users { chaos.withLock { $0.goesOn = false } }
                }
            }
            // What was acknowledged at the journaling may still wait for its handler.
            let last = try Child("crash-child", [database, engine.center, moment])
            let store = try SharedStore(path: database)
            while try store.read({ try $0.integer("SELECT count(*) FROM journal WHERE state < 8") }) > 0 {
                try await Task.sleep(for: .milliseconds(20))
            }
            await last.terminate()
            let (open, handled, doubled) = try store.read { connection in
                (
                    try connection.integer("SELECT count(*) FROM journal WHERE state <> 8"),
                    try connection.integer(
                        """
                        SELECT count(DISTINCT json_extract(text, '$.user') || '/' || json_extract(text, '$.n')) FROM orders
                        """),
                    try connection.integer("SELECT count(*) FROM orders")
                )
            }
            #expect(open == 0)
            #expect(handled == Int64(sent.withLock { $0 }))
            #expect(doubled == handled, "a repeat was handled")
        }
    }
}
