import NIOCore
import NIOHTTP1

/// Plain HTTP: gathers a request, hands it over, writes the reply.
final class HTTPExchange: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyLimit = 64 << 20

    private let respond: (HTTPRequestHead, ByteBuffer, HTTPExchange) -> Void
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

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

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func reply(_ status: Int, _ body: String, type: String = "application/json", keepAlive: Bool = true) {
        guard let context = self.context else { return }
        let stays = keepAlive && self.head?.isKeepAlive == true
        self.head = nil
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: type)
        headers.add(name: "Content-Length", value: String(body.utf8.count))
        if !stays { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let written = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
        if !stays { written.whenComplete { _ in bound.value.close(promise: nil) } }
    }

    func close(reset: Bool = false) { self.context?.channel.drop(reset: reset) }

    /// The path without its query.
    static func path(_ head: HTTPRequestHead) -> Substring { head.uri.prefix { $0 != "?" } }
}
