internal import NIOCore
internal import NIOHTTP1

/// One HTTP request over a connection of its own, and the whole answer to it.
struct HTTPCall: Sendable {
    let loop: any EventLoop
    let peer: Peer
    /// `nil`: plain.
    var tls: TLSClient?
    var credentials: Credentials?
    /// One limit for connecting, TLS, asking and reading the answer together.
    var timeout: Duration = .seconds(5)
    var names = NameLookup.shared

    /// No answer in connmix is larger.
    static let bodyLimit = 4 << 20

    struct Answer: Sendable {
        var status: UInt
        var body: ByteBuffer
    }

    struct Failure: Error {
        var error: ConnmixError
        /// Whether the request may have been written, and nobody knows what became of it.
        var mayBeWritten: Bool
    }

    /// - Parameter body: what is posted; `nil` for a GET.
    /// - Returns: the answer, whatever its status. The future fails with a `Failure`.
    func perform(_ path: String, post body: ByteBuffer? = nil) -> EventLoopFuture<Answer> {
        let answer = loop.makePromise(of: Answer.self)
        let isConnected = NIOLoopBoundBox.makeBoxSendingValue(false, eventLoop: loop)
        let limit = TimeAmount.microseconds(timeout.microseconds)
        let connecting = Dialer(loop: loop, names: names).connect(to: peer.address, within: limit) { channel in
            channel.eventLoop.makeCompletedFuture {
                try addHandlers(to: channel.pipeline.syncOperations, path, post: body, answer: answer)
            }
        }
        connecting.whenComplete { result in
            switch result {
            case .success(let channel):
                isConnected.value = true
                answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
            case .failure(let error):
                answer.fail(Failure(error: peer.fault("cannot be reached: \(error.brief)"), mayBeWritten: false))
            }
        }
        // Begun after the look-up and the connect, which say more about what took so long.
        let timer = loop.scheduleTask(in: limit) {
            answer.fail(Failure(error: peer.timedOut("answer", after: timeout), mayBeWritten: isConnected.value))
        }
        return answer.futureResult.always { _ in timer.cancel() }
    }

    /// What asks as soon as the channel is connected, and reads the answer.
    func addHandlers(
        to pipeline: ChannelPipeline.SynchronousOperations, _ path: String, post body: ByteBuffer? = nil,
        answer: EventLoopPromise<Answer>
    ) throws {
        try pipeline.addTransport(to: peer, tls: tls)
        try pipeline.addHTTPClientHandlers()
        try pipeline.addHandler(
            HTTPCallHandler(path: path, body: body, peer: peer, credentials: credentials, answer: answer))
    }
}

private final class HTTPCallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let path: String
    private let sent: ByteBuffer?
    private let peer: Peer
    private let credentials: Credentials?
    private let answer: EventLoopPromise<HTTPCall.Answer>
    private var status: UInt = 0
    private var body = ByteBuffer()

    init(
        path: String, body: ByteBuffer?, peer: Peer, credentials: Credentials?, answer: EventLoopPromise<HTTPCall.Answer>
    ) {
        self.path = path
        sent = body
        self.peer = peer
        self.credentials = credentials
        self.answer = answer
    }

    private var what: String { sent == nil ? "GET \(path)" : "POST \(path)" }

    func channelActive(context: ChannelHandlerContext) {
        var headers: HTTPHeaders = [
            "Host": peer.address.description, "Connection": "close", "Accept": "application/json",
        ]
        if let credentials { headers.add(name: "Authorization", value: credentials.authorization) }
        if let sent {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: String(sent.readableBytes))
        }
        let method: HTTPMethod = sent == nil ? .GET : .POST
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let sent { context.write(wrapOutboundOut(.body(.byteBuffer(sent))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = head.status.code
        case .body(let part):
            guard body.readableBytes + part.readableBytes <= HTTPCall.bodyLimit else {
                return fail(peer.fault("answered \(what) with more than \(HTTPCall.bodyLimit) bytes"))
            }
            body.writeImmutableBuffer(part)
        case .end:
            answer.succeed(HTTPCall.Answer(status: status, body: body))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(peer.closed(before: "its answer to \(what) was whole"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error as? ConnmixError ?? peer.fault("does not speak HTTP: \(error.brief)"))
    }

    private func fail(_ error: ConnmixError) {
        answer.fail(HTTPCall.Failure(error: error, mayBeWritten: true))
    }
}
