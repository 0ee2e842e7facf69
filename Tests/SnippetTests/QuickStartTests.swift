import ConnmixDevEngine
import Foundation
import Testing
import TestSupport

@Suite("README's quick start", .timeLimit(.minutes(1)))
struct QuickStartTests {
    @Test("it runs to the letter: what end users send is answered, and SIGTERM ends it in order")
    func runs() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let program = Process()
                program.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
                    .appendingPathComponent("quick-start")
                program.arguments = [engine.center]
                program.currentDirectoryURL = URL(fileURLWithPath: folder)
                program.standardError = FileHandle.nullDevice
                let (ended, end) = AsyncStream<Int32>.makeStream()
                program.terminationHandler = { program in
                    end.yield(program.terminationStatus)
                    end.finish()
                }
                try program.run()
                defer { if program.isRunning { program.terminate() } }

                let user = try await engine.connectEndUser()
                var frames = user.frames.makeAsyncIterator()
                try await user.send("hello")
                // Published to the room that it has just been subscribed to.
                #expect(await frames.next()?.text == "joined: \(user.id)")
                #expect(await frames.next()?.text == "received: hello")
                let order = #"{"frame":{"type":"text","data":"{\"id\":7,\"sku\":\"x\"}","finish":true}}"#
                try await engine.push(topic: "orders", client: user.id, data: Array(order.utf8))
                #expect(await frames.next()?.text == #"{"id":7,"sku":"x"}"#)

                program.terminate()
                #expect(await ended.first { _ in true } == 0)
                #expect(program.terminationReason == .exit)
                #expect(FileManager.default.fileExists(atPath: folder + "/orders.sqlite3"))
            }
        }
    }
}
