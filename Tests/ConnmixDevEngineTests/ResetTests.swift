import ConnmixDevEngine
import NIOCore
import NIOWebSocket
import Testing

/// Consumers that vanish at full speed, with commands on the way.
@Suite(.timeLimit(.minutes(1))) struct ResetTests {
    /// When a write fails, what the socket still holds is read inside that write.
    @Test func commandsOfAConsumerThatVanished() async throws {
        try await withDevEngine { engine in
            try await engine.configure { $0.recording = false }
            _ = try await engine.feed(count: 10_000_000, clients: 10, payloadBytes: 16_384)
            let api = engine.nodes[0].api
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<40 {
                            let socket = try await TestSocket.connect(api)
                            try await socket.send(QueueTests.pop)
                            _ = await socket.next()
                            try await socket.stopReading()
                            for number in 0..<20 {
                                let command = ByteBuffer(string: #"{"m":"mesh.send","p":{"c":"1","d":"x"},"i":\#(number)}"#)
                                let frame = WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: command)
                                socket.channel.write(frame, promise: nil)
                            }
                            socket.channel.flush()
                            // Unread bytes make it a reset.
                            try? await socket.close()
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await engine.waitUntil { $0.nodes[0].connections == 0 }
        }
    }
}
