import NIOCore
import NIOPosix
import Synchronization

/// Writes bytes to whoever connects and asks, and then others again and again, as fast as they are taken.
struct Flood {
    let port: Int
    private let counts: Counts

    /// So many connections have come.
    var connections: Int { counts.connections.load(ordering: .relaxed) }
    /// So many bytes were taken off our hands.
    var bytes: Int { counts.bytes.load(ordering: .relaxed) }

    final class Counts: Sendable {
        let connections = Atomic(0)
        let bytes = Atomic(0)
    }

    /// A server that answers the first bytes of each connection.
    static func with(_ first: [UInt8], endlessly then: [UInt8], _ body: (Flood) async throws -> Void) async throws {
        let counts = Counts()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
            .childChannelInitializer { channel in
                counts.connections.add(1, ordering: .relaxed)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Writer(first, then, counts))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(Flood(port: channel.localAddress?.port ?? 0, counts: counts))
        } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    private final class Writer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let first: ByteBuffer
        private let then: [UInt8]
        private let counts: Counts
        private var hasBegun = false

        init(_ first: [UInt8], _ then: [UInt8], _ counts: Counts) {
            self.first = ByteBuffer(bytes: first)
            self.then = then
            self.counts = counts
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !hasBegun else { return }
            hasBegun = true
            context.writeAndFlush(NIOAny(first), promise: nil)
            Flood.write(then, counts, on: context.channel)
        }
    }

    /// The next piece goes when the last one was taken; the end of the connection ends it.
    static func write(_ bytes: [UInt8], _ counts: Counts, on channel: any Channel) {
        guard !bytes.isEmpty else { return }
        let piece = ByteBuffer(bytes: Array(repeatElement(bytes, count: max(1, 65_536 / bytes.count)).joined()))
        @Sendable func next() {
            channel.writeAndFlush(piece).whenSuccess {
                counts.bytes.add(piece.readableBytes, ordering: .relaxed)
                next()
            }
        }
        next()
    }
}
