internal import NIOCore
internal import NIOWebSocket

/// Frames of a client, masked as the standard wants it of one.
extension ChannelHandlerContext {
    func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        write(Self.frame(opcode, data), promise: nil)
    }

    func writeText(_ body: (inout ByteBuffer) -> Void) {
        var buffer = channel.allocator.buffer(capacity: 256)
        body(&buffer)
        write(.text, buffer)
    }

    /// A WebSocket ping and a text one: nobody knows which one resets the engine's read timeout.
    ///
    /// - Parameter id: of the request that is the text ping in the older dialect; in the other one it has none.
    func ping(id: Int64?) {
        write(.ping, channel.allocator.buffer(capacity: 0))
        writeText { buffer in
            if let id {
                RequestEncoder.ping(id: id, into: &buffer)
            } else {
                buffer.writeStaticString("ping")
            }
        }
        flush()
    }

    /// Says goodbye and closes, whether or not the other side says it too.
    ///
    /// - Parameter code: what the goodbye says, where the end alone does not tell.
    func close(_ end: Disconnection, code: WebSocketErrorCode?) {
        var data = channel.allocator.buffer(capacity: 2)
        data.write(webSocketErrorCode: code ?? end.webSocketCode)
        // Half a goodbye is enough: whatever was applied was answered before, and a peer that reads nothing must not hold us.
        eventLoop.scheduleTask(in: .seconds(1)) { [channel] in channel.close(promise: nil) }
        writeAndFlush(Self.frame(.connectionClose, data)).whenComplete { [channel] _ in channel.close(promise: nil) }
    }

    private static func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> NIOAny {
        NIOAny(WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data))
    }
}

extension Disconnection {
    fileprivate var webSocketCode: WebSocketErrorCode {
        switch cause {
        case .wanted: isClean ? .normalClosure : .goingAway
        case .peer, .silence: .goingAway
        case .violation: .protocolError
        }
    }
}
