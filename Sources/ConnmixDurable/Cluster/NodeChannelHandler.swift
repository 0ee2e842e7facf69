internal import NIOCore
internal import NIOWebSocket

/// Performs what a `NodeConnectionMachine` decides, on one channel and its event loop.
///
/// What one read brings is gathered and handed on at its end, so that a thousand messages are one call.
final class NodeChannelHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let identity: NodeIdentity
    private let number: Int64
    private let settings: NodeConnectionMachine.Settings
    private let delegate: any ClusterDelegate
    private let onForm: (RequestForm) -> Void
    private var machine: NodeConnectionMachine
    private var generator = SystemRandomNumberGenerator()
    private var connection: NodeConnection?
    private var context: ChannelHandlerContext?
    private var messages: [ReceivedMessage] = []
    private var outcomes: [CommandOutcome] = []
    private var timer: (fires: ContinuousClock.Instant, task: Scheduled<Void>)?
    private var ending: Disconnection?
    /// The answer to the latest ping of a peer that takes nothing for now: older ones need none.
    private var owedPong: ByteBuffer?
    private var isReading = true
    private var isToldOpen = true

    /// So much may lie unwritten before commands go elsewhere, or wait, and from the lower mark on they come again.
    static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)

    /// - Parameter consumes: whether to pop at once.
    init(
        identity: NodeIdentity, number: Int64, settings: NodeConnectionMachine.Settings, form: RequestForm?, consumes: Bool,
        delegate: any ClusterDelegate, onForm: @escaping (RequestForm) -> Void
    ) {
        self.identity = identity
        self.number = number
        self.settings = settings
        self.delegate = delegate
        self.onForm = onForm
        machine = NodeConnectionMachine(settings: settings, form: form, consumes: consumes, now: .now)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let connection = NodeConnection(identity: identity, number: number, channel: context.channel, handler: self)
        self.connection = connection
        delegate.connected(connection)
        perform(machine.opened(now: .now))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary:
            read(frame.unmaskedData)
        case .ping:
            owedPong = frame.unmaskedData
            if machine.isWritable { sendPong(context) }
        case .connectionClose:
            var data = frame.unmaskedData
            let code = data.readInteger(as: UInt16.self)
            let reason = "the engine closed the connection\(code.map { " with code \($0)" } ?? "")"
            close(Disconnection(cause: .peer, reason: reason, closeCode: code))
        case .pong:
            machine.ponged(now: .now)
        default:
            delegate.happened(.unknownFrame(identity, reason: "a frame of type \(frame.opcode)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        machine.heard(now: .now)
        handOn()
        // The last answer may be all that leaving waited for.
        if machine.isLeaving { perform(machine.tick(now: .now)) }
        rescheduleTimer()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        machine.setWritable(isWritable, now: .now)
        if isWritable { sendPong(context) }
        isWritable ? scheduleOpen(context) : tell(isOpen: false)
        rescheduleTimer()
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let fault = FrameFault(error)
        close(Disconnection(cause: fault == nil ? .peer : .violation, reason: error.brief), code: fault?.code)
    }

    // MARK: Calls from outside, on the loop

    /// - Parameter connection: who is told the outcome; this handler does not know it any more once the channel has closed.
    func send(_ commands: [(id: Int64, command: Command)], over connection: NodeConnection) {
        guard let context else {
            return refuse(commands, of: connection)
        }
        let now = ContinuousClock.now
        var refused: [(id: Int64, command: Command)] = []
        for entry in commands {
            guard ending == nil, let requestID = machine.command(entry.id, now: now) else {
                refused.append(entry)
                continue
            }
            write(context) { RequestEncoder.command(entry.command, id: requestID, into: &$0) }
        }
        context.flush()
        rescheduleTimer()
        if !refused.isEmpty { refuse(refused, of: connection) }
    }

    /// Reads, and pops, as the delegate says now.
    func review() {
        guard let context else { return }
        let isReading = delegate.shouldRead()
        if isReading != self.isReading {
            self.isReading = isReading
            machine.setReading(isReading, now: .now)
            context.channel.setOption(.autoRead, value: isReading).whenSuccess { [channel = context.channel] in
                if isReading { channel.read() }
            }
        }
        perform(machine.setConsuming(delegate.shouldConsume(), now: .now))
    }

    func leave() {
        perform(machine.leave(now: .now))
    }

    /// - Parameter code: what the goodbye says, where the end alone does not tell.
    func close(_ end: Disconnection, code: WebSocketErrorCode? = nil) {
        guard ending == nil, let context else { return }
        ending = end
        handOn()
        var data = context.channel.allocator.buffer(capacity: 2)
        data.write(webSocketErrorCode: code ?? end.webSocketCode)
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: data)
        // Half a goodbye is enough: whatever was applied was answered before, and a peer that reads nothing must not hold us.
        context.eventLoop.scheduleTask(in: .seconds(1)) { [channel = context.channel] in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(frame)).whenComplete { [channel = context.channel] _ in
            channel.close(promise: nil)
        }
    }

    // MARK: -

    private func read(_ frame: ByteBuffer) {
        switch FrameDecoder.decode(frame) {
        case .message(let message):
            if machine.isLeaving { machine.messageArrived(now: .now) }
            messages.append(
                ReceivedMessage(
                    node: identity.id, topic: message.topic, client: message.client, data: message.data,
                    receivedAt: Clock.now(), connection: number))
        case .unreadableMessage(let reason):
            messages.append(
                ReceivedMessage(
                    node: identity.id, topic: "", client: "", data: frame, receivedAt: Clock.now(), unreadable: reason,
                    connection: number))
        case .reply(let reply):
            switch machine.replied(reply, now: .now, using: &generator) {
            case .command(let id):
                outcomes.append(CommandOutcome(command: id, result: .replied(reply.outcome)))
            case .actions(let actions):
                perform(actions)
            case .unasked:
                delegate.happened(.unknownFrame(identity, reason: "an answer to request \(reply.id), for which nobody waits"))
            }
        case .pong:
            machine.ponged(now: .now)
        case .unknown(let reason):
            delegate.happened(.unknownFrame(identity, reason: reason))
        }
    }

    /// Messages before outcomes: what the engine sent first is journaled first.
    private func handOn() {
        guard let connection else { return }
        if !messages.isEmpty {
            let batch = messages
            messages = []
            messages.reserveCapacity(min(batch.count, 1_024))
            delegate.received(batch, from: connection)
        }
        if !outcomes.isEmpty {
            let batch = outcomes
            outcomes = []
            outcomes.reserveCapacity(min(batch.count, 1_024))
            delegate.settled(batch, by: connection)
        }
    }

    private func perform(_ actions: [NodeConnectionMachine.Action]) {
        guard let context else { return }
        for action in actions {
            switch action {
            case .pop(let id, let form):
                write(context) { RequestEncoder.pop(settings.topics, form: form, id: id, into: &$0) }
                context.flush()
            case .unpop(let id, let form):
                write(context) { RequestEncoder.unpop(form: form, id: id, into: &$0) }
                context.flush()
            case .ping(let id):
                ping(context, id: id)
            case .nowConsuming(let form):
                onForm(form)
                delegate.happened(.nodeConsuming(identity))
            case .notConsuming(let reason):
                delegate.happened(.nodeNotConsuming(identity, reason: reason))
            case .overdue(let command):
                outcomes.append(
                    CommandOutcome(command: command, result: .overdue(reason: "no answer within \(settings.replyTimeout)")))
            case .close(let end):
                close(end)
            }
        }
        rescheduleTimer()
    }

    private func ping(_ context: ChannelHandlerContext, id: Int64?) {
        let empty = context.channel.allocator.buffer(capacity: 0)
        context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .ping, maskKey: .random(), data: empty)), promise: nil)
        write(context) { buffer in
            if let id {
                RequestEncoder.ping(form: .php105, id: id, into: &buffer)
            } else {
                buffer.writeStaticString("ping")
            }
        }
        context.flush()
    }

    private func tell(isOpen: Bool) {
        guard isOpen != isToldOpen, let connection else { return }
        isToldOpen = isOpen
        delegate.writable(isOpen, connection)
    }

    /// Not from within the write that made room: what comes next would write again, and so on without end.
    private func scheduleOpen(_ context: ChannelHandlerContext) {
        guard !isToldOpen else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let handler = bound.value
            if handler.context?.channel.isWritable == true { handler.tell(isOpen: true) }
        }
    }

    private func sendPong(_ context: ChannelHandlerContext) {
        guard let data = owedPong, ending == nil else { return }
        owedPong = nil
        let pong = WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
    }

    private func write(_ context: ChannelHandlerContext, _ body: (inout ByteBuffer) -> Void) {
        var buffer = context.channel.allocator.buffer(capacity: 256)
        body(&buffer)
        let frame = WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: buffer)
        context.write(wrapOutboundOut(frame), promise: nil)
    }

    private func refuse(_ commands: [(id: Int64, command: Command)], of connection: NodeConnection) {
        delegate.settled(commands.map { CommandOutcome(command: $0.id, result: .notWritten) }, by: connection)
    }

    private func end() {
        guard let connection else { return }
        timer?.task.cancel()
        timer = nil
        let end = ending ?? Disconnection(cause: .peer, reason: "the connection was lost")
        ending = end
        for command in machine.closed() { outcomes.append(CommandOutcome(command: command, result: .lost(end))) }
        handOn()
        self.connection = nil
        delegate.disconnected(connection, reason: end.reason, clean: end.isClean)
    }

    private func noticeProgress() {
        guard !machine.isWritable, let context,
            let left = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        else { return }
        machine.saw(unwritten: left, now: .now)
    }

    /// One timer, moved only when an earlier time is needed: it fires at most once a deadline.
    private func rescheduleTimer() {
        guard let context, ending == nil, let next = machine.nextDeadline else { return }
        if let timer, timer.fires <= next { return }
        timer?.task.cancel()
        let delay = max(.zero, next - .now)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(in: .microseconds(delay.microseconds + 1_000)) {
            bound.value.timerFired()
        }
        timer = (next, task)
    }

    private func timerFired() {
        timer = nil
        noticeProgress()
        perform(machine.tick(now: .now))
        handOn()
        rescheduleTimer()
    }
}

extension Disconnection {
    fileprivate var webSocketCode: WebSocketErrorCode {
        switch cause {
        case .wanted: isClean ? .normalClosure : .goingAway
        case .peer, .silence: .goingAway
        case .violation: .protocolError
        }
    }
}
