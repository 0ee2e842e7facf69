internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Asks a center, over a connection per question: two small GET requests every ten seconds.
struct CenterClient: Sendable {
    let group: any EventLoopGroup
    /// One limit for connecting, asking and reading the answer together.
    var timeout: Duration = .seconds(5)

    /// No directory is larger.
    static let bodyLimit = 4 << 20

    /// Everything happens on one event loop; the future fails with a `ConnmixError`.
    func exchange(_ path: String, _ center: NodeAddress) -> EventLoopFuture<[UInt8]> {
        let loop = group.next()
        let answer = loop.makePromise(of: [UInt8].self)
        let limit = TimeAmount.microseconds(timeout.microseconds)
        let timer = loop.scheduleTask(in: limit) {
            answer.fail(ConnmixError(.unreachable, "the center at \(center) did not answer within \(timeout)"))
        }
        ClientBootstrap(group: loop)
            .connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(CenterHandler(path: path, center: center, answer: answer))
                }
            }
            .connect(host: center.host, port: center.port)
            .whenComplete { result in
                switch result {
                case .success(let channel):
                    answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
                case .failure(let error):
                    answer.fail(ConnmixError(.unreachable, "the center at \(center) cannot be reached: \(error.brief)"))
                }
            }
        return answer.futureResult.always { _ in timer.cancel() }
    }
}

/// One GET and its answer.
private final class CenterHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let path: String
    private let center: NodeAddress
    private let answer: EventLoopPromise<[UInt8]>
    private var status: HTTPResponseStatus?
    private var body: [UInt8] = []

    init(path: String, center: NodeAddress, answer: EventLoopPromise<[UInt8]>) {
        self.path = path
        self.center = center
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Host": center.description, "Connection": "close", "Accept": "application/json"]
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = head.status
        case .body(let part):
            guard body.count + part.readableBytes <= CenterClient.bodyLimit else {
                return fail("answered GET \(path) with more than \(CenterClient.bodyLimit) bytes")
            }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard status == .ok else { return fail("answered GET \(path) with status \(status?.code ?? 0)") }
            answer.succeed(body)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("closed the connection without an answer to GET \(path)")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail("does not speak HTTP: \(error.brief)")
    }

    private func fail(_ what: String) {
        answer.fail(ConnmixError(.unreachable, "the center at \(center) \(what)"))
    }
}
