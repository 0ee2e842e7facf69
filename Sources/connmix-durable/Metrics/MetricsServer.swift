import NIOCore
import NIOHTTP1
import NIOPosix
import Glibc
import Synchronization

/// `/metrics`, `/health` and `/ready` over HTTP/1. Bounded: few connections, each for one short request.
final class MetricsServer: Sendable {
    struct Answer: Sendable {
        var status: HTTPResponseStatus = .ok
        var type = "text/plain; charset=utf-8"
        var body: String
    }

    /// More at once are closed unheard.
    static let connectionLimit = 32
    static let patience: TimeAmount = .seconds(10)

    /// Where it listens.
    let address: String
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup

    /// - Parameter answer: for a path; `nil` where there is nothing.
    /// - Throws: `Failure` where the address cannot be listened on.
    static func start(
        _ address: MetricsAddress, answer: @escaping @Sendable (_ path: String) -> Answer?
    ) async throws -> MetricsServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let open = Connections()
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 64)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard open.enter() else { throw ChannelError.ioOnClosedChannel }
                        channel.closeFuture.whenComplete { _ in open.leave() }
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: true)
                        try pipeline.addHandler(MetricsRequestHandler(answer: answer))
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

    /// How many are open.
    private final class Connections: Sendable {
        private let count = Atomic<Int>(0)

        func enter() -> Bool {
            guard count.wrappingAdd(1, ordering: .relaxed).newValue <= MetricsServer.connectionLimit else {
                leave()
                return false
            }
            return true
        }

        func leave() { count.wrappingSubtract(1, ordering: .relaxed) }
    }
}

/// One request, its answer, and the end.
private final class MetricsRequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (String) -> MetricsServer.Answer?
    private var head: HTTPRequestHead?
    private var timer: Scheduled<Void>?

    init(answer: @escaping @Sendable (String) -> MetricsServer.Answer?) {
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        timer = context.eventLoop.scheduleTask(in: MetricsServer.patience) { [channel = context.channel] in
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
            guard let head else { return }
            self.head = nil
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
