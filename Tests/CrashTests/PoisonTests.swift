import ConnmixDevEngine
import Foundation
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("messages that kill their process", .timeLimit(.minutes(3)))
struct PoisonTests {
    @Test(
        "P6: after maxAttempts the guilty one is dead with that reason, and its neighbours are handled",
        arguments: ["abort", "kill"])
    func poison(text: String) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let guilty = try await engine.connectEndUser()
                var others: [EndUser] = []
                for _ in 0..<20 { others.append(try await engine.connectEndUser()) }
                for other in others { try await other.send("before") }
                try await guilty.send(text)
                for other in others { try await other.send("after") }
                try await guilty.send("next")
                // It dies again and again; whoever starts it again must not need to know why.
                let supervisor = Supervisor()
                let center = engine.center
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await supervisor.run("crash-child", [database, center]) }
                    var frames = guilty.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "done: next")
                    for other in others {
                        var frames = other.frames.makeAsyncIterator()
                        var texts: [String] = []
                        while texts.last != "done: after", let text = await frames.next()?.text {
                            if texts.last != text { texts.append(text) }  // a kill may have made repeats
                        }
                        #expect(texts == ["done: before", "done: after"])
                    }
                    group.cancelAll()
                    await supervisor.current?.terminate()
                    try await group.waitForAll()
                }
                let store = try SharedStore(path: database)
                let (error, attempts, dead, reasons) = try store.read { connection in
                    (
                        try connection.text("SELECT last_error FROM journal WHERE state = 9"),
                        try connection.integer("SELECT attempts FROM journal WHERE state = 9"),
                        try connection.integer("SELECT count(*) FROM journal WHERE state = 9"),
                        try connection.integer(
                            "SELECT count(*) FROM attempt WHERE outcome = 4 AND entry = (SELECT id FROM journal WHERE state = 9)")
                    )
                }
                #expect(dead == 1)
                #expect(error.contains("the process died while it handled this entry"))
                #expect(attempts >= 3 && attempts <= 4)
                #expect(reasons == attempts)
            }
        }
    }

    @Test("P3: a table of the handler's own has one row a message, through a storm of kills")
    func exactlyOnce() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await engine.configure { $0.recording = false }
                let feed = try await engine.feed(count: 8_000, clients: 20, perSecond: 3_000, recordsTexts: true)
                for _ in 0..<8 {
                    let child = try Child("crash-child", [database, engine.center])
                    let before = try await engine.snapshot().delivered
                    _ = try? await engine.waitUntil(within: .seconds(1)) { $0.delivered > before + Int.random(in: 0...300) }
                    await child.kill()
                }
                let last = try Child("crash-child", [database, engine.center])
                try await feed.allSent()
                await last.terminate()
                let (rows, messages, done, integrity) = try SharedStore(path: database).read { connection in
                    (
                        try connection.integer("SELECT count(*) FROM orders"),
                        try connection.integer("SELECT count(DISTINCT message) FROM orders"),
                        try connection.integer("SELECT count(*) FROM journal WHERE state = 8"),
                        try connection.text("PRAGMA integrity_check")
                    )
                }
                #expect(rows > 0)
                #expect(rows == messages)
                #expect(rows == done)
                #expect(integrity == "ok")
            }
        }
    }
}
