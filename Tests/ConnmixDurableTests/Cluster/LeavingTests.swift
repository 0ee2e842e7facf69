import NIOCore
import NIOPosix
import Testing

@testable import ConnmixDurable

@Suite("leaving", .timeLimit(.minutes(1)))
struct LeavingTests {
    /// Answers every question a little later, and remembers that.
    private final class SlowCenter: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let asked = AsyncStream<Void>.makeStream()
        let hasAnswered = Locked(false)

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            asked.continuation.yield()
            let channel = context.channel
            context.eventLoop.scheduleTask(in: .milliseconds(100)) {
                self.hasAnswered.withLock { $0 = true }
                channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), promise: nil)
            }
        }
    }

    private final class Nobody: ClusterDelegate, ConnectionDelegate {
        func received(_ messages: [ReceivedMessage], from connection: NodeConnection) {}
        func connected(_ connection: NodeConnection) {}
        func disconnected(_ connection: NodeConnection, reason: String, clean: Bool) {}
        func settled(_ outcomes: [CommandOutcome], by route: any CommandRoute) {}
        func routeOpened(_ route: HTTPRoute) {}
        func routeClosed(_ route: HTTPRoute) {}
        func writable(_ isWritable: Bool, _ connection: NodeConnection) {}
        func shouldRead() -> Bool { true }
        func shouldConsume() -> Bool { false }
        func restingTopics() -> Set<String> { [] }
        func directoryKnown() {}
        func nodeGone(_ identity: NodeIdentity, livesOn: Bool) {}
        func happened(_ event: ConsumerEvent) {}
    }

    @Test("a question under way has ended when everything was left: its loop may end then")
    func question() async throws {
        let center = SlowCenter()
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { $0.pipeline.addHandler(center) }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let settings = Cluster.Settings(
            centers: [try CenterAddress("127.0.0.1:\(port)")],
            connection: NodeConnectionMachine.Settings(topics: ["chat"]))
        let nobody = Nobody()
        let cluster = Cluster(settings: settings, loop: group.next(), delegate: nobody)
        cluster.start()
        for await _ in center.asked.stream { break }
        await cluster.leave(within: .seconds(10))
        #expect(center.hasAnswered.withLock { $0 })
        try await server.close()
    }
}
