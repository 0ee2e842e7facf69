import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Plain HTTP: gathers a request, hands it over, writes the reply.
final class HTTPExchange: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyLimit = 64 << 20

    private let respond: (HTTPRequestHead, ByteBuffer, HTTPExchange) -> Void
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var challenge = false
    private var isTurnedDown = false

    init(_ respond: @escaping (HTTPRequestHead, ByteBuffer, HTTPExchange) -> Void) { self.respond = respond }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            self.body.clear()
        case .body(let part):
            guard self.head != nil else { return }
            if self.body.readableBytes + part.readableBytes > Self.bodyLimit {
                self.head = nil
                self.reply(413, "", keepAlive: false)
            } else {
                self.body.writeImmutableBuffer(part)
            }
        case .end:
            guard let head = self.head else { return }
            let body = self.body
            self.body = ByteBuffer()
            self.respond(head, body, self)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An upgrade that was turned down comes as a request as well, and is answered as one, the last.
        if error as? NIOWebSocketUpgradeError == .unsupportedWebSocketTarget {
            self.isTurnedDown = true
            return
        }
        context.close(promise: nil)
    }

    func reply(_ status: Int, _ body: String, type: String = "application/json", keepAlive: Bool = true) {
        guard let context = self.context else { return }
        let stays = keepAlive && !self.isTurnedDown && self.head?.isKeepAlive == true
        self.head = nil
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: type)
        headers.add(name: "Content-Length", value: String(body.utf8.count))
        if self.challenge { headers.add(name: "WWW-Authenticate", value: #"Basic realm="connmix""#) }
        if !stays { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let written = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
        if !stays { written.whenComplete { _ in bound.value.close(promise: nil) } }
    }

    /// 401, with what RFC 7617 wants beside it.
    func refuseCredentials() {
        self.challenge = true
        self.reply(401, #"{"error":"unauthorized"}"#, keepAlive: false)
    }

    /// Promises a megabyte and sends a space every 10 ms, until the peer closes.
    func trickle() {
        guard let context = self.context else { return }
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "1000000"])
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { task in
            let exchange = bound.value
            guard let context = exchange.context else { return task.cancel() }
            context.writeAndFlush(exchange.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: " ")))), promise: nil)
        }
    }

    func close(reset: Bool = false) { self.context?.channel.drop(reset: reset) }

    /// The path without its query.
    static func path(_ head: HTTPRequestHead) -> Substring { head.uri.prefix { $0 != "?" } }
}
