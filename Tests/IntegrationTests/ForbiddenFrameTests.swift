import ConnmixDevEngine
import NIOCore
import NIOHTTP1
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("nodes that break the WebSocket standard", .timeLimit(.minutes(1)))
struct ForbiddenFrameTests {
    struct Case: CustomStringConvertible, Sendable {
        var description: String
        var bytes: [UInt8]
        var code: UInt16 = 1002
    }

    static let cases: [Case] = [
        Case(description: "reserved bits", bytes: [0xC1, 1, 0x78]),
        Case(description: "unknown type 11", bytes: [0x8B, 0]),
        Case(description: "a masked frame", bytes: [0x81, 0x81, 1, 2, 3, 4, 0x79]),
        Case(description: "a control frame in fragments", bytes: [0x09, 0]),
        Case(description: "a control frame of more than 125 bytes", bytes: [0x89, 126, 0, 126]),
        Case(description: "a continuation of no message", bytes: [0x80, 0]),
        Case(description: "a new message before the last one had ended", bytes: [0x01, 0, 0x81, 0]),
        Case(description: "a close frame with half a code", bytes: [0x88, 1, 3]),
        Case(description: "a close frame with the code 1005", bytes: [0x88, 2, 0x03, 0xED]),
        Case(description: "a close frame whose reason is not UTF-8", bytes: [0x88, 3, 0x03, 0xE8, 0xFF], code: 1007),
        Case(
            description: "a frame of more than 67108864 bytes", bytes: [0x82, 127, 0, 0, 0, 0, 4, 0, 0, 1], code: 1009),
        Case(
            description: "a frame of more than 67108864 bytes",
            bytes: [0x82, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], code: 1009),
    ]

    /// A text frame with a message of end user 1.
    private static let message: [UInt8] = {
        let text = Array(#"{"e":"queue.pop","p":{"n":2,"c":"1","t":"chat","d":"hi"},"id":null}"#.utf8)
        return [0x81, UInt8(text.count)] + text
    }()

    private func list(_ engine: DevEngine, _ node: RawNode) async throws {
        try await engine.setCenter(.body(#"{"nodes":[{"id":"raw","api_server":"127.0.0.1:\#(node.port)"}]}"#))
    }

    @Test(
        "P2, P11: what is forbidden ends the connection with its code; event and ledger say what it was, and the journal what was too large",
        arguments: cases)
    func forbidden(_ fault: Case) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 0)) { engine in
                // What came before it counts, what comes after it does not.
                try await RawNode.with(writing: Self.message + fault.bytes + Self.message) { node in
                    try await list(engine, node)
                    try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                        let reason = await consumer.events.find { event in
                            if case .nodeDisconnected(_, let reason, clean: false) = event { reason } else { nil }
                        }
                        #expect(reason?.contains(fault.description) == true, "\(reason ?? "")")
                        let goodbye = try await node.goodbye.get()
                        #expect(goodbye == [UInt8(fault.code >> 8), UInt8(fault.code & 0xFF)])
                    }
                    let epochs = try Inspector(database: database).epochs(EpochFilter())
                    #expect(epochs.contains { $0.end == .unclean && $0.reason?.contains(fault.description) == true })
                    // One that is too large may have been a message.
                    let isKept = fault.code == 1009
                    #expect(epochs.first { $0.reason?.contains(fault.description) == true }?.frames == (isKept ? 2 : 1))
                    let counts = try LedgerCounts(database)
                    #expect((counts.dead > 0) == isKept && counts.entries > counts.dead)
                    let error = try SharedStore(path: database).read { connection in
                        try connection.text("SELECT coalesce(max(last_error), '') FROM journal WHERE state = 9")
                    }
                    #expect(error.contains(fault.description) == isKept, "\(error)")
                }
            }
        }
    }

    @Test(
        "what nobody offered is turned down by its name",
        arguments: [
            (
                "Sec-WebSocket-Extensions", "permessage-deflate",
                #"chose the extension "permessage-deflate", which nobody offered"#
            ),
            ("Sec-WebSocket-Protocol", "soap", #"chose the protocol "soap", which nobody offered"#),
        ])
    func unasked(header: String, value: String, says: String) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 0)) { engine in
                try await RawNode.with(headers: [header: value]) { node in
                    try await list(engine, node)
                    try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                        #expect(await consumer.events.trouble()?.contains(says) == true)
                    }
                }
            }
        }
    }

    @Test(
        "an upgrade that is turned down is told with its status, and an answer that is none with what is wrong with it",
        arguments: [
            (DevEngine.Handshake.status(503), "status 503"), (.status(426), "status 426"), (.status(200), "status 200"),
            (.httpOnly, "status 4"),
            (
                .raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
                "Sec-WebSocket-Accept"
            ),
            (.raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"), "Upgrade: websocket"),
        ])
    func turnedDown(_ handshake: DevEngine.Handshake, says: String) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await engine.setHandshake(handshake, node: engine.nodes[0].id)
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    let trouble = await consumer.events.trouble()
                    #expect(trouble?.contains(says) == true, "\(trouble ?? "")")
                }
            }
        }
    }
}
