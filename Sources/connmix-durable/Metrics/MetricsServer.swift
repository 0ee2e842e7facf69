import NIOCore
import NIOHTTP1
import NIOPosix
import Glibc
import Synchronization

/// `/metrics`, `/health` and `/ready` over HTTP/1. Bounded: few connections, each for one short request and for some seconds, whether
/// its head never ends or nobody reads its answer.
final class MetricsServer: Sendable {
    struct Answer: Sendable {
        var status: HTTPResponseStatus = .ok
        var type = "text/plain; charset=utf-8"
        var body: String
    }

    /// With more at once the oldest goes that has not asked yet.
    static let connectionLimit = 32
    static let patience: TimeAmount = .seconds(10)

    /// Where it listens.
    let address: String
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup

    /// - Parameters:
    ///   - patience: how long a connection may be open.
    ///   - answer: for a path; `nil` where there is nothing.
    /// - Throws: `Failure` where the address cannot be listened on.
    static func start(
        _ address: MetricsAddress, patience: TimeAmount = MetricsServer.patience,
        answer: @escaping @Sendable (_ path: String) -> Answer?
    ) async throws -> MetricsServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let open = Connections()
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 64)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        open.enter(channel)
                        channel.closeFuture.whenComplete { _ in open.leave(channel) }
                        try addHandlers(to: channel.pipeline.syncOperations, patience: patience) { path in
                            open.asked(channel)
                            return answer(path)
                        }
                    }
                }
                .bind(host: address.host, port: address.port).get()
            return MetricsServer(channel, group)
        } catch {
            try await group.shutdownGracefully()
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
            throw Failure(
                .cannotCreate,
                "cannot serve metrics on \(address.host):\(address.port): \(reason); name another address with --metrics")
        }
    }

    /// What answers the one request of a connection.
    static func addHandlers(
        to pipeline: ChannelPipeline.SynchronousOperations, patience: TimeAmount, answer: @escaping (_ path: String) -> Answer?
    ) throws {
        try pipeline.addHandler(RequestByteLimit())
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: true)
        try pipeline.addHandler(MetricsRequestHandler(patience: patience, answer: answer))
    }

    private init(_ channel: any Channel, _ group: MultiThreadedEventLoopGroup) {
        self.channel = channel
        self.group = group
        let local = channel.localAddress
        let host = local?.ipAddress ?? ""
        address = "\(host.contains(":") ? "[\(host)]" : host):\(local?.port ?? 0)"
    }

    func stop() async throws {
        try await group.shutdownGracefully()
    }

    private final class Connections: Sendable {
        private struct State {
            var order = OpenConnections<ObjectIdentifier>(limit: MetricsServer.connectionLimit)
            var channels: [ObjectIdentifier: any Channel] = [:]
        }

        private let state = Mutex(State())

        func enter(_ channel: any Channel) {
            let oldest = state.withLock { state -> (any Channel)? in
                state.channels[ObjectIdentifier(channel)] = channel
                return state.order.enter(ObjectIdentifier(channel)).flatMap { state.channels.removeValue(forKey: $0) }
            }
            oldest?.close(promise: nil)
        }

        func asked(_ channel: any Channel) {
            state.withLock { $0.order.asked(ObjectIdentifier(channel)) }
        }

        func leave(_ channel: any Channel) {
            state.withLock { state in
                state.order.leave(ObjectIdentifier(channel))
                state.channels[ObjectIdentifier(channel)] = nil
            }
        }
    }
}

/// One request, its answer, and the end.
private final class MetricsRequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let patience: TimeAmount
    private let answer: (String) -> MetricsServer.Answer?
    private var head: HTTPRequestHead?
    private var hasAnswered = false
    private var timer: Scheduled<Void>?

    init(patience: TimeAmount, answer: @escaping (String) -> MetricsServer.Answer?) {
        self.patience = patience
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        timer = context.eventLoop.scheduleTask(in: patience) { [channel = context.channel] in
            channel.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
        case .body:
            // Nobody has to send one; it is not kept.
            break
        case .end:
            guard let head, !hasAnswered else { return }
            hasAnswered = true
            respond(to: head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = head.uri.prefix { $0 != "?" }
        let found: MetricsServer.Answer
        switch head.method {
        case .GET, .HEAD:
            found = answer(String(path)) ?? .init(status: .notFound, body: "there are /metrics, /health and /ready\n")
        default:
            found = .init(status: .methodNotAllowed, body: "only GET\n")
        }
        var headers: HTTPHeaders = [
            "Content-Type": found.type, "Content-Length": "\(found.body.utf8.count)", "Connection": "close",
            "Cache-Control": "no-store",
        ]
        if found.status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
        let response = HTTPResponseHead(version: .http1_1, status: found.status, headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: found.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { [channel = context.channel] _ in
            channel.close(promise: nil)
        }
    }
}
