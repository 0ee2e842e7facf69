import NIOCore

/// Stands next to the socket and can hold everything: a cut node neither reads nor writes, its TCP stays open.
/// It also stops reading while answers pile up unread, as one goroutine per connection would.
final class Valve: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?
    private var isShut: Bool
    private var isPaused = false
    private var wantsRead = false
    private var wantsFlush = false
    /// What a read that was under way at the cut still brought: one burst at most.
    private var heldReads: [NIOAny] = []
    private var heldWrites: [(NIOAny, EventLoopPromise<Void>?)] = []

    init(isShut: Bool) { self.isShut = isShut }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.heldReads = []
        let writes = self.heldWrites
        self.heldWrites = []
        for (_, promise) in writes { promise?.fail(ChannelError.ioOnClosedChannel) }
    }

    /// Cuts the connection or heals it.
    func setShut(_ shut: Bool) {
        guard self.isShut != shut else { return }
        self.isShut = shut
        guard !shut, let context = self.context else { return }
        let writes = self.heldWrites
        self.heldWrites = []
        for (data, promise) in writes { context.write(data, promise: promise) }
        if self.wantsFlush {
            self.wantsFlush = false
            context.flush()
        }
        let reads = self.heldReads
        self.heldReads = []
        for data in reads { context.fireChannelRead(data) }
        if !reads.isEmpty { context.fireChannelReadComplete() }
        self.readIfAllowed(context)
    }

    /// Stops and resumes reading only.
    func setPaused(_ paused: Bool) {
        self.isPaused = paused
        if let context = self.context { self.readIfAllowed(context) }
    }

    func read(context: ChannelHandlerContext) {
        self.wantsRead = true
        self.readIfAllowed(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isShut {
            self.heldReads.append(data)
        } else {
            context.fireChannelRead(data)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !self.isShut { context.fireChannelReadComplete() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.fireChannelWritabilityChanged()
        self.readIfAllowed(context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if self.isShut {
            self.heldWrites.append((data, promise))
        } else {
            context.write(data, promise: promise)
        }
    }

    func flush(context: ChannelHandlerContext) {
        if self.isShut {
            self.wantsFlush = true
        } else {
            context.flush()
        }
    }

    private func readIfAllowed(_ context: ChannelHandlerContext) {
        guard self.wantsRead, !self.isShut, !self.isPaused, context.channel.isWritable else { return }
        self.wantsRead = false
        context.read()
    }
}
