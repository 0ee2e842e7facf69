import NIOCore
import NIOHTTP1

/// Ends a connection that takes too long: to send a request, to take its answer, or between two. While an answer is being made it may
/// take as long as it does.
final class HTTPConnectionWatch: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: HTTPService.Limits
    private let connections: HTTPConnections
    private var timer: Scheduled<Void>?
    /// The head of a request is on its way.
    private(set) var awaitsHead = true

    /// What has come of the head so far.
    private var headBytes = 0

    /// - Returns: whether the head of a request has become too long with these bytes.
    func isTooMuch(_ bytes: Int) -> Bool {
        guard awaitsHead else { return false }
        // What comes with one read is bounded by the read itself, and may hold whole requests.
        defer { headBytes += bytes }
        return headBytes > limits.headBytes
    }

    init(limits: HTTPService.Limits, connections: HTTPConnections) {
        self.limits = limits
        self.connections = connections
    }

    func channelActive(context: ChannelHandlerContext) {
        guard connections.enter(context.channel) else { return context.close(promise: nil) }
        start(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        connections.leave(context.channel)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            awaitsHead = false
            headBytes = 0
            start(context)
        case .body: break
        case .end:
            // One that is still being sent counts as resting: whoever sends half a request must hold up nobody.
            connections.asked(context.channel)
            timer?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status == .continue: break
        case .head: start(context)
        case .body: break
        case .end:
            awaitsHead = true
            start(context)
            guard connections.rests(context.channel) else {
                context.writeAndFlush(data, promise: promise)
                return context.close(promise: nil)
            }
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func start(_ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = context.eventLoop.scheduleTask(in: limits.patience) { [channel = context.channel] in
            channel.close(promise: nil)
        }
    }
}

/// Closes a connection whose request's head never ends.
final class HTTPHeadLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let watch: HTTPConnectionWatch

    init(_ watch: HTTPConnectionWatch) {
        self.watch = watch
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !watch.isTooMuch(unwrapInboundIn(data).readableBytes) else { return context.close(promise: nil) }
        context.fireChannelRead(data)
    }
}
