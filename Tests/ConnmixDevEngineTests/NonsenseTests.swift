import ConnmixDevEngine
import NIOCore
import NIOWebSocket
import Testing

/// Nothing from the wire traps the engine, and it says why it hangs up.
@Suite(.timeLimit(.minutes(1))) struct NonsenseTests {
    @Test func closesWithTheRightCode() async throws {
        try await withDevEngine { engine in
            let api = engine.nodes[0].api
            let invalid = try await TestSocket.connect(api)
            try await invalid.send(.text, ByteBuffer(bytes: [0x22, 0xFF, 0x22]))
            #expect(await invalid.next() == .close(1007))
            let unmasked = try await TestSocket.connect(api)
            try await unmasked.send(.text, ByteBuffer(string: "ping"), masked: false)
            #expect(await unmasked.next() == .close(1002))
            let lonely = try await TestSocket.connect(api)
            try await lonely.send(.continuation, ByteBuffer(string: "x"))
            #expect(await lonely.next() == .close(1002))
            let leaving = try await TestSocket.connect(api)
            try await leaving.send(.connectionClose, ByteBuffer(bytes: [3, 232]))
            #expect(await leaving.next() == .close(1000))
            #expect(await leaving.ends())
            // A header that claims 2^40 bytes.
            let huge: [UInt8] = [0x81, 0xFF, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]
            let raw = try await RawSocket.exchange(api, Array(RawSocket.upgrade.utf8) + huge)
            #expect(Array(raw.utf8.suffix(2)).count == 2)
            #expect(raw.unicodeScalars.suffix(1).first?.value == 0xFFFD)
            try await engine.waitUntil { $0.nodes[0].connections == 0 }
        }
    }

    @Test func joinsFragments() async throws {
        try await withDevEngine { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            try await socket.send(.text, ByteBuffer(string: "pi"), fin: false)
            try await socket.send(.ping, ByteBuffer(string: "between"))
            #expect(await socket.next() == .pong)
            try await socket.send(.continuation, ByteBuffer(string: "ng"))
            #expect(await socket.text() == "pong")
        }
    }

    @Test func surviveMutatedCommands() async throws {
        var random = Seeded(state: 4711)
        let seeds = [
            QueueTests.pop, ControlTests.ping, #"{"m":"queue.unpop","p":{},"i":2}"#,
            #"{"m":"conn.call","p":{"c":"USER","f":"set_context_value","a":["k",{"a":[1,-2.5e3,"\u00e9\n"]}]},"i":1}"#,
            #"{"m":"conn.call","p":{"c":"USER","f":"set_context","a":[{"uid":1}]},"i":1}"#,
            #"{"m":"mesh.send","p":{"c":"USER","d":"\ud83d\ude00 x","t":"text"},"i":1}"#,
            #"{"m":"mesh.publish","p":{"c":"r","d":"AAAA","t":"binary"},"i":9}"#,
        ]
        try await withDevEngine { engine in
            let user = try await engine.connectEndUser()
            let chat = try await TestSocket.connect(engine.nodes[0].chat, path: "/chat")
            var socket = try await TestSocket.connect(engine.nodes[0].api)
            for round in 0..<4000 {
                var bytes = Array(seeds[round % seeds.count].replacing("USER", with: user.id).utf8)
                for _ in 0...random.next(4) { random.mutate(&bytes) }
                let frame = ByteBuffer(bytes: bytes.map { $0 & 0x7F })
                if round % 4 == 0 { try await chat.send(.text, frame) }
                if round == 2000 { try await engine.configure { $0.dialect = .php105 } }
                try await socket.send(.text, frame)
                if round % 500 == 499 {
                    try await socket.close()
                    socket = try await TestSocket.connect(engine.nodes[0].api)
                }
            }
            #expect(try await socket.ask(#"{"m":"server.ping","i":"end"}"#)?.contains(#""i":"end""#) == true)
        }
    }

    @Test func survivesMutatedBytes() async throws {
        var random = Seeded(state: 42)
        try await withDevEngine { engine in
            let frame: [UInt8] = [0x81, 0x84, 1, 2, 3, 4, 0x71, 0x6B, 0x6D, 0x63]
            for round in 0..<300 {
                var bytes = Array(RawSocket.upgrade.utf8)
                if round % 3 == 0 { random.mutate(&bytes) }
                var frames = frame + frame + frame
                for _ in 0...random.next(3) { random.mutate(&frames) }
                let address = round % 5 == 0 ? engine.center : engine.nodes[0].api
                _ = try await RawSocket.exchange(address, bytes + frames, thenEnd: true)
            }
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            #expect(try await socket.ask("ping") == "pong")
        }
    }
}

/// Random numbers that are the same in every run.
struct Seeded {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        self.state ^= self.state << 13
        self.state ^= self.state >> 7
        self.state ^= self.state << 17
        return Int(self.state % UInt64(max(bound, 1)))
    }

    mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let place = self.next(bytes.count)
        switch self.next(4) {
        case 0: bytes[place] = UInt8(self.next(256))
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(Array("{}[]\",:\\0-e".utf8)[self.next(11)], at: place)
        default: bytes.removeSubrange(place..<min(bytes.count, place + self.next(8)))
        }
    }
}
