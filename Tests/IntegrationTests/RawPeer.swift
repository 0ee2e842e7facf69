import NIOCore
import NIOPosix

/// Listens, keeps the first bytes of the first connection, and answers nothing.
struct RawPeer {
    private let channel: any Channel
    private let bytes: EventLoopFuture<[UInt8]>

    var port: Int { channel.localAddress?.port ?? 0 }

    static func with(_ body: (RawPeer) async throws -> Void) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let bytes = loop.makePromise(of: [UInt8].self)
        let channel = try await ServerBootstrap(group: loop).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Reader(bytes)) }
        }.bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(RawPeer(channel: channel, bytes: bytes.futureResult))
        } catch {
            bytes.succeed([])
            try await channel.close()
            throw error
        }
        bytes.succeed([])
        try await channel.close()
    }

    func firstBytes() async throws -> [UInt8] { try await bytes.get() }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let bytes: EventLoopPromise<[UInt8]>

        init(_ bytes: EventLoopPromise<[UInt8]>) {
            self.bytes = bytes
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes.succeed(Array(unwrapInboundIn(data).readableBytesView))
        }
    }
}
