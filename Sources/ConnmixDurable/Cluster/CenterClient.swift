internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Asks a center, over a connection per question: two small GET requests every ten seconds.
struct CenterClient: Sendable {
    let group: any EventLoopGroup
    /// For `https` centers.
    var tls: TLSClient?
    /// One limit for connecting, TLS, asking and reading the answer together.
    var timeout: Duration = .seconds(5)

    /// No directory is larger.
    static let bodyLimit = 4 << 20

    /// Everything happens on one event loop; the future fails with a `ConnmixError`.
    func exchange(_ path: String, _ center: CenterAddress) -> EventLoopFuture<[UInt8]> {
        let loop = group.next()
        let answer = loop.makePromise(of: [UInt8].self)
        let limit = TimeAmount.microseconds(timeout.microseconds)
        let peer = Peer(center)
        let timer = loop.scheduleTask(in: limit) {
            answer.fail(peer.timedOut("answer", after: timeout))
        }
        ClientBootstrap(group: loop)
            .connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addTransport(to: peer, tls: center.isSecure ? tls : nil)
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(CenterHandler(path: path, center: center, answer: answer))
                }
            }
            .connect(host: center.address.host, port: center.address.port)
            .whenComplete { result in
                switch result {
                case .success(let channel):
                    answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
                case .failure(let error):
                    answer.fail(peer.fault("cannot be reached: \(error.brief)"))
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
    private let center: CenterAddress
    private let peer: Peer
    private let answer: EventLoopPromise<[UInt8]>
    private var status: HTTPResponseStatus?
    private var body: [UInt8] = []

    init(path: String, center: CenterAddress, answer: EventLoopPromise<[UInt8]>) {
        self.path = path
        self.center = center
        self.answer = answer
        peer = Peer(center)
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers: HTTPHeaders = [
            "Host": center.address.description, "Connection": "close", "Accept": "application/json",
        ]
        if let credentials = center.credentials { headers.add(name: "Authorization", value: credentials.authorization) }
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
                return answer.fail(peer.fault("answered GET \(path) with more than \(CenterClient.bodyLimit) bytes"))
            }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard status == .ok else { return answer.fail(peer.answered(status: status?.code ?? 0, to: "GET \(path)")) }
            answer.succeed(body)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(peer.closed(before: "its answer to GET \(path) was whole"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error as? ConnmixError ?? peer.fault("does not speak HTTP: \(error.brief)"))
    }
}
