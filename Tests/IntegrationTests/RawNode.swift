import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// A node that takes a WebSocket, and answers the first frame with whatever bytes it was given, and with others again and again.
struct RawNode {
    let port: Int
    /// The payload of the first close frame that came; empty where the connection ended without one.
    let goodbye: EventLoopFuture<[UInt8]>
    let flooded: Flood.Counts

    /// - Parameter headers: of its answer to the upgrade, beside the usual ones.
    static func with(
        writing bytes: [UInt8] = [], endlessly then: [UInt8] = [], headers: HTTPHeaders = [:],
        _ body: (RawNode) async throws -> Void
    ) async throws {
        let flooded = Flood.Counts()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let goodbye = loop.makePromise(of: [UInt8].self)
        let channel = try await ServerBootstrap(group: loop).childChannelInitializer { channel in
            let upgrader = NIOWebSocketServerUpgrader(
                shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(headers) },
                upgradePipelineHandler: { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Writer(bytes, then, flooded, goodbye))
                    }
                })
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                    withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        let node = RawNode(port: channel.localAddress?.port ?? 0, goodbye: goodbye.futureResult, flooded: flooded)
        do {
            try await body(node)
        } catch {
            goodbye.succeed([])
            try await channel.close()
            throw error
        }
        goodbye.succeed([])
        try await channel.close()
    }

    private final class Writer: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        private var bytes: [UInt8]
        private let then: [UInt8]
        private let flooded: Flood.Counts
        private let goodbye: EventLoopPromise<[UInt8]>

        init(_ bytes: [UInt8], _ then: [UInt8], _ flooded: Flood.Counts, _ goodbye: EventLoopPromise<[UInt8]>) {
            self.bytes = bytes
            self.then = then
            self.flooded = flooded
            self.goodbye = goodbye
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            if frame.opcode == .connectionClose { goodbye.succeed(Array(frame.unmaskedData.readableBytesView)) }
            guard !bytes.isEmpty else { return }
            // Below the encoder: these are the bytes of frames.
            let encoder = try? context.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
            encoder?.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
            bytes = []
            guard let encoder, !then.isEmpty else { return }
            flood(encoder)
        }

        /// The next piece goes when the last one was taken.
        private func flood(_ encoder: ChannelHandlerContext) {
            let piece = ByteBuffer(bytes: Array(repeatElement(then, count: max(1, 65_536 / then.count)).joined()))
            let (flooded, encoder) = (flooded, NIOLoopBound(encoder, eventLoop: encoder.eventLoop))
            @Sendable func next() {
                encoder.value.writeAndFlush(NIOAny(piece)).whenSuccess {
                    flooded.bytes.add(piece.readableBytes, ordering: .relaxed)
                    next()
                }
            }
            next()
        }

        func channelInactive(context: ChannelHandlerContext) {
            goodbye.succeed([])
            context.fireChannelInactive()
        }
    }
}
