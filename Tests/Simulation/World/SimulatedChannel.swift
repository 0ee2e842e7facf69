internal import NIOCore

/// A socket of the simulated network, as NIO sees it.
final class SimulatedChannel: Channel, ChannelCore, @unchecked Sendable {
    let loop: SimulatedLoop
    let allocator = ByteBufferAllocator()
    let closePromise: EventLoopPromise<Void>
    private var made: ChannelPipeline?
    /// The way to the peer, once there is one.
    var link: Link?
    private(set) var isOpen = true
    private(set) var isActive = false
    private var autoRead = true
    /// Arrived and not read.
    private var unread: [Parcel] = []
    private var isAtEnd = false
    private var unflushed: [(ByteBuffer, EventLoopPromise<Void>?)] = []
    private var marks = ChannelOptions.Types.WriteBufferWaterMark(low: 32 << 10, high: 64 << 10)
    private(set) var isWritable = true

    init(loop: SimulatedLoop) {
        self.loop = loop
        closePromise = loop.makePromise(of: Void.self)
        made = ChannelPipeline(channel: self)
    }

    var pipeline: ChannelPipeline {
        guard let made else { preconditionFailure("the pipeline is made with the channel") }
        return made
    }
    var eventLoop: any EventLoop { loop }
    var closeFuture: EventLoopFuture<Void> { closePromise.futureResult }
    var localAddress: SocketAddress? { nil }
    var remoteAddress: SocketAddress? { nil }
    var parent: (any Channel)? { nil }
    var _channelCore: any ChannelCore { self }

    // MARK: From the network, on the loop

    func becomeActive() {
        isActive = true
        pipeline.fireChannelRegistered()
        pipeline.fireChannelActive()
        readIfWanted()
    }

    func arrived(_ parcel: Parcel) {
        guard isOpen else { return }
        unread.append(parcel)
    }

    func ended() {
        guard isOpen else { return }
        isAtEnd = true
        readIfWanted()
    }

    /// The peer has taken something, or takes nothing.
    func reviewWritability() {
        guard isOpen, let link else { return }
        let waiting = link.bytesUnderWay
        if isWritable, waiting > marks.high {
            isWritable = false
            pipeline.fireChannelWritabilityChanged()
        } else if !isWritable, waiting < marks.low {
            isWritable = true
            pipeline.fireChannelWritabilityChanged()
        }
    }

    func readIfWanted() {
        guard autoRead, isActive else { return }
        deliver()
    }

    /// One read: what fits a buffer, in one go.
    private func deliver() {
        guard isOpen, isActive else { return }
        if !unread.isEmpty {
            var bytes = ByteBuffer()
            var messages: [Int] = []
            var count = 0
            for parcel in unread where bytes.readableBytes < Self.readSize {
                bytes.writeImmutableBuffer(parcel.bytes)
                messages += parcel.messages
                count += 1
            }
            unread.removeFirst(count)
            loop.network.onRead(messages, loop.owner)
            pipeline.fireChannelRead(bytes)
            if isOpen { pipeline.fireChannelReadComplete() }
        }
        if !unread.isEmpty || isAtEnd, isOpen { loop._executeIsolatedUnsafeUnchecked { self.readIfWanted() } }
        if unread.isEmpty, isAtEnd, isOpen { close(ChannelError.eof) }
    }

    private static let readSize = 16 << 10

    /// The process is gone, or the connection never came to be.
    func drop() {
        close(ChannelError.ioOnClosedChannel)
    }

    private func close(_ error: any Error) {
        guard isOpen else { return }
        isOpen = false
        for (_, promise) in unflushed { promise?.fail(error) }
        unflushed = []
        link?.closedByClient()
        link = nil
        if isActive {
            isActive = false
            pipeline.fireChannelInactive()
            pipeline.fireChannelUnregistered()
        }
        loop._executeIsolatedUnsafeUnchecked { [self] in
            // Ends what the handlers hold.
            removeHandlers(pipeline: pipeline)
            closePromise.succeed()
            loop.channels.removeAll { $0 === self }
        }
    }

    // MARK: From the pipeline

    func localAddress0() throws -> SocketAddress { throw ChannelError.operationUnsupported }
    func remoteAddress0() throws -> SocketAddress { throw ChannelError.operationUnsupported }
    func register0(promise: EventLoopPromise<Void>?) { promise?.succeed() }
    func registerAlreadyConfigured0(promise: EventLoopPromise<Void>?) { promise?.succeed() }
    func bind0(to: SocketAddress, promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }
    func connect0(to: SocketAddress, promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }

    func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isOpen else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        unflushed.append((unwrapData(data, as: ByteBuffer.self), promise))
    }

    func flush0() {
        guard isOpen, let link else { return }
        let writes = unflushed
        unflushed = []
        var all = ByteBuffer()
        for (bytes, _) in writes { all.writeImmutableBuffer(bytes) }
        if all.readableBytes > 0 { link.send(all) }
        for (_, promise) in writes { promise?.succeed() }
        reviewWritability()
    }

    func read0() { deliver() }

    func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard isOpen else {
            promise?.fail(ChannelError.alreadyClosed)
            return
        }
        close(error)
        promise?.succeed()
    }

    func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) { promise?.succeed() }
    func channelRead0(_ data: NIOAny) {}
    func errorCaught0(error: any Error) {}

    // MARK: Options

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
        set(option, value)
        return loop.makeSucceededVoidFuture()
    }

    func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
        loop.makeCompletedFuture { try get(option) }
    }

    fileprivate func set<Option: ChannelOption>(_ option: Option, _ value: Option.Value) {
        if option is ChannelOptions.Types.AutoReadOption, let value = value as? Bool {
            let wasReading = autoRead
            autoRead = value
            if value, !wasReading { loop._executeIsolatedUnsafeUnchecked { self.readIfWanted() } }
        }
        if let value = value as? ChannelOptions.Types.WriteBufferWaterMark { marks = value }
    }

    fileprivate func get<Option: ChannelOption>(_ option: Option) throws -> Option.Value {
        let value: Any =
            switch option {
            case is ChannelOptions.Types.AutoReadOption: autoRead
            case is ChannelOptions.Types.WriteBufferWaterMarkOption: marks
            case is ChannelOptions.Types.BufferedWritableBytesOption: link?.bytesUnderWay ?? 0
            default: throw ChannelError.operationUnsupported
            }
        guard let value = value as? Option.Value else { throw ChannelError.operationUnsupported }
        return value
    }

    struct Options: NIOSynchronousChannelOptions {
        fileprivate let channel: SimulatedChannel
        func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) throws { channel.set(option, value) }
        func getOption<Option: ChannelOption>(_ option: Option) throws -> Option.Value { try channel.get(option) }
    }

    var syncOptions: (any NIOSynchronousChannelOptions)? { Options(channel: self) }
}
