import ConnmixDevEngine
import ConnmixDurable

/// Delivery without loss from end to end: numbered frames are sent again until they are acknowledged, and repeats are dropped.
enum NumberedFrames {
    private struct Frame: Decodable {
        var n: Int
        var user: String
    }

    static func configure(_ configuration: inout ConsumerConfiguration) {
        @Sendable func frame(_ message: Message) -> Frame? { try? message.json(as: Frame.self) }
        configuration.dedupe = Dedupe(window: .seconds(3_600)) { message in
            frame(message).map { "\($0.user)/\($0.n)" }
        }
        configuration.acknowledge = .contextValue("ack") { message in
            frame(message).map { "\($0.n)" }
        }
    }

    static func makeHandlers() -> Handlers {
        var handlers = Handlers()
        handlers.handle("chat", as: Frame.self) { frame, message, context in
            try context.write { tables in
                try tables.execute("CREATE TABLE IF NOT EXISTS seen (n INTEGER PRIMARY KEY) STRICT")
                // A number that came twice would break its key, and be dead.
                try tables.execute("INSERT INTO seen VALUES (?1)", SQLValue(frame.n))
            }
        }
        return handlers
    }

    /// Sends one frame until it is acknowledged, over as many connections as that takes.
    private static func deliver(_ number: Int, on engine: DevEngine, thenCut: Bool) async throws {
        while true {
            let user = try await engine.connectEndUser()
            try? await user.send(#"{"n":\#(number),"user":"ann"}"#)
            // The connection is lost right after the frame was sent, before anything was answered.
            if thenCut { await user.close() }
            for await frame in user.frames where frame.text == #"{"ack":\#(number)}"# {
                await user.close()
                return
            }
            if thenCut { return try await deliver(number, on: engine, thenCut: false) }
        }
    }

    @Sendable static func play(_ stage: Stage) async throws {
        try await stage.engine.configure { $0.acknowledgeKey = "ack" }
        print("20 numbered frames; every third connection is lost before its acknowledgement comes")
        for half in [1...10, 11...20] {
            try await stage.consuming(makeHandlers(), configure) {
                for number in half {
                    try await deliver(number, on: stage.engine, thenCut: number.isMultiple(of: 3))
                }
                try await eventually { try Inspector(database: stage.database).status().journal[.done] == Int64(half.upperBound) }
            }
            print("\(half.upperBound) acknowledged")
        }
        let status = try Inspector(database: stage.database).status()
        print("\(status.journal[.done] ?? 0) handled, \(status.journal[.dead] ?? 0) dead: none is lost, none came twice")
    }

    private static func eventually(_ holds: () throws -> Bool) async throws {
        while try !holds() { try await Task.sleep(for: .milliseconds(10)) }
    }
}
