import NIOCore
import NIOPosix

/// Bytes out, bytes in until the peer closes.
enum RawSocket {
    /// Everything the peer sends until it closes; `until` ends it earlier, as soon as the text is in.
    /// `thenEnd` closes this side's direction after the bytes.
    static func exchange(_ address: String, _ bytes: [UInt8], until: String? = nil, thenEnd: Bool = false) async throws
        -> String
    {
        let (host, port) = split(address)
        let result = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: String.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: result.futureResult.eventLoop).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(result, until))
                }
            }.connect(host: host, port: port).get()
        } catch {
            result.fail(error)
            throw error
        }
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
        if thenEnd { try? await channel.close(mode: .output) }
        let text = try await result.futureResult.get()
        try? await channel.close()
        return text
    }

    static func http(_ address: String, _ path: String, post body: String? = nil) async throws -> String {
        let method = body == nil ? "GET" : "POST"
        let text =
            "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body?.utf8.count ?? 0)"
            + "\r\n\r\n\(body ?? "")"
        return try await self.exchange(address, Array(text.utf8))
    }

    /// The body of a 200 answer, or nil.
    static func body(_ address: String, _ path: String, post body: String? = nil) async throws -> String? {
        let text = try await self.http(address, path, post: body)
        guard text.hasPrefix("HTTP/1.1 200"), let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        return String(text[end.upperBound...])
    }

    static let upgrade =
        "GET /ws/v1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var collected = ByteBuffer()
        private let until: String?
        private let result: EventLoopPromise<String>

        init(_ result: EventLoopPromise<String>, _ until: String?) {
            self.result = result
            self.until = until
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.collected.writeImmutableBuffer(self.unwrapInboundIn(data))
            if let until = self.until, String(buffer: self.collected).contains(until) { self.finish() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        func channelInactive(context: ChannelHandlerContext) { self.finish() }

        private func finish() { self.result.succeed(String(buffer: self.collected)) }
    }
}
