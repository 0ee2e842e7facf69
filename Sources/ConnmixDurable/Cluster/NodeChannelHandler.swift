internal import NIOCore
internal import NIOWebSocket

/// Performs what a `NodeConnectionMachine` decides, on one channel and its event loop.
///
/// What one read brings is gathered and handed on at its end, so that a thousand messages are one call.
final class NodeChannelHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private enum State {
        /// In no pipeline, or in one whose channel has closed.
        case detached
        case open(ChannelHandlerContext, NodeConnection)
        /// The goodbye is written.
        case closing(NodeConnection, Disconnection)
    }

    private let identity: NodeIdentity
    private let number: Int64
    private let settings: NodeConnectionMachine.Settings
    private let delegate: any ConnectionDelegate
    private let report: (NodeConnection, ConnectionReport) -> Void
    private var state = State.detached
    private var machine: NodeConnectionMachine
    private var generator = Chance()
    private var join = FrameJoin()
    private var writer = FrameWriter()
    private var batch: ReadBatch
    private var timer: DeadlineTimer?
    /// The answer to the latest ping of a peer that takes nothing for now: older ones need none.
    private var owedPong: ByteBuffer?
    private var isReading = true
    private var isToldOpen = true

    /// So much may lie unwritten before commands go elsewhere, or wait, and from the lower mark on they come again.
    static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)
    /// Commands that go out together are written in pieces of about so many bytes, or of one command.
    private static let writeSize = 64 << 10

    /// - Parameters:
    ///   - form: what worked for this node before; `nil` where it is not known yet.
    ///   - consumes: whether to pop at once.
    ///   - resting: topics that are not popped for now.
    init(
        identity: NodeIdentity, number: Int64, settings: NodeConnectionMachine.Settings, form: RequestForm?, consumes: Bool,
        except resting: Set<String>,
        delegate: any ConnectionDelegate, report: @escaping (NodeConnection, ConnectionReport) -> Void
    ) {
        self.identity = identity
        self.number = number
        self.settings = settings
        self.delegate = delegate
        self.report = report
        batch = ReadBatch(node: identity.id, connection: number)
        machine = NodeConnectionMachine(settings: settings, form: form, consumes: consumes, except: resting, now: .now)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        let connection = NodeConnection(identity: identity, number: number, channel: context.channel, handler: self)
        state = .open(context.pastEncoder, connection)
        timer = DeadlineTimer(context.eventLoop)
        report(connection, .opened)
        perform(machine.opened(now: .now))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            if let frame = try join.take(unwrapInboundIn(data)) { take(frame) }
        } catch {
            broken(by: error, reason: error.description)
        }
    }

    private func take(_ frame: FrameJoin.Frame) {
        switch frame.opcode {
        case .text, .binary:
            read(frame.content)
        case .ping:
            owedPong = frame.content
            if machine.isWritable { sendPong() }
        case .connectionClose:
            var data = frame.content
            let code = data.readInteger(as: UInt16.self)
            let reason = "the engine closed the connection\(code.map { " with code \($0)" } ?? "")"
            close(Disconnection(cause: .peer, reason: reason, closeCode: code))
        case .pong:
            machine.ponged(now: .now)
        default:
            tell(.unknownFrame(reason: "a frame of type \(frame.opcode)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        machine.heard(now: .now)
        handOn()
        // The last answer may be all that leaving waited for.
        if machine.isLeaving { perform(machine.tick(now: .now)) }
        moveTimer()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        machine.setWritable(isWritable, now: .now)
        if isWritable {
            sendPong()
            scheduleOpen(context)
        } else {
            tell(isOpen: false)
        }
        moveTimer()
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let fault = FrameFault(error) else { return close(Disconnection(cause: .peer, reason: error.brief)) }
        broken(by: fault, reason: error.brief)
    }

    private func broken(by fault: FrameFault, reason: String) {
        if case .open = state, fault.mayHideMessage {
            // Nothing of it is here that would be worth keeping.
            batch.add(unreadable: ByteBuffer(), reason: fault.description, receivedAt: Clock.now())
        }
        close(Disconnection(cause: .violation, reason: reason), code: fault.code)
    }

    // MARK: Calls from outside, on the loop

    /// - Parameter connection: who is told the outcome; this handler does not know it any more once the channel has closed.
    func send(_ commands: [(id: Int64, command: Command)], over connection: NodeConnection) {
        var refused: [CommandOutcome] = []
        let now = ContinuousClock.now
        var frames = ByteBuffer()
        for (id, command) in commands {
            guard case .open(let context, _) = state, let requestID = machine.command(id, now: now) else {
                refused.append(CommandOutcome(command: id, result: .notWritten))
                continue
            }
            let size = command.payload.count + 128
            if frames.readableBytes > 0, frames.readableBytes + size > Self.writeSize {
                context.write(frames)
                frames = ByteBuffer()
            }
            if frames.readableBytes == 0 { frames.reserveCapacity(max(size, min(commands.count * size, Self.writeSize))) }
            writer.write(.text, into: &frames) { RequestEncoder.command(command, id: requestID, into: &$0) }
        }
        if case .open(let context, _) = state {
            if frames.readableBytes > 0 { context.write(frames) }
            context.flush()
            moveTimer()
        }
        if !refused.isEmpty { delegate.settled(refused, by: connection) }
    }

    /// Reads, and pops, as the delegate says now.
    func review() {
        guard case .open(let context, _) = state else { return }
        let isReading = delegate.shouldRead()
        if isReading != self.isReading {
            self.isReading = isReading
            machine.setReading(isReading, now: .now)
            context.channel.setOption(.autoRead, value: isReading).whenSuccess { [channel = context.channel] in
                if isReading { channel.read() }
            }
        }
        perform(machine.setConsuming(delegate.shouldConsume(), except: delegate.restingTopics(), now: .now))
    }

    func leave() {
        perform(machine.leave(now: .now))
    }

    /// - Parameter code: what the goodbye says, where the end alone does not tell.
    func close(_ end: Disconnection, code: WebSocketErrorCode? = nil) {
        guard case .open(let context, let connection) = state else { return }
        state = .closing(connection, end)
        handOn()
        context.close(saying: writer.goodbye(end, code: code))
    }

    // MARK: -

    private var connection: NodeConnection? {
        switch state {
        case .open(_, let connection), .closing(let connection, _): connection
        case .detached: nil
        }
    }

    private func read(_ frame: ByteBuffer) {
        switch FrameDecoder.decode(frame) {
        case .message(let message):
            machine.messageArrived(now: .now)
            batch.add(message, receivedAt: Clock.now())
        case .unreadableMessage(let reason):
            machine.messageArrived(now: .now)
            batch.add(unreadable: frame, reason: reason, receivedAt: Clock.now())
        case .reply(let reply):
            switch machine.replied(reply, now: .now, using: &generator) {
            case .command(let id):
                batch.add(id, .replied(reply.outcome))
            case .actions(let actions):
                perform(actions)
            case .unasked:
                tell(.unknownFrame(reason: "an answer to request \(reply.id), for which nobody waits"))
            }
        case .pong:
            machine.ponged(now: .now)
        case .unknown(let reason):
            tell(.unknownFrame(reason: reason))
        }
    }

    /// Messages before outcomes: what the engine sent first is journaled first.
    private func handOn() {
        guard let connection else { return }
        let messages = batch.takeMessages()
        if !messages.isEmpty { delegate.received(messages, from: connection) }
        let outcomes = batch.takeOutcomes()
        if !outcomes.isEmpty { delegate.settled(outcomes, by: connection) }
    }

    private func perform(_ actions: [NodeConnectionMachine.Action]) {
        for action in actions {
            switch action {
            case .pop(let id, let topics, let form): request { RequestEncoder.pop(topics, form: form, id: id, into: &$0) }
            case .unpop(let id, let form): request { RequestEncoder.unpop(form: form, id: id, into: &$0) }
            case .ping(let id): write(writer.pings(id: id))
            case .nowConsuming(let form): tell(.consuming(form))
            case .notConsuming(let reason): tell(.notConsuming(reason))
            case .overdue(let command):
                batch.add(command, .overdue(reason: "no answer within \(settings.replyTimeout.text)"))
            case .close(let end): close(end)
            }
        }
        moveTimer()
    }

    private func request(_ body: (inout ByteBuffer) -> Void) {
        write(writer.frame(.text, body))
    }

    private func sendPong() {
        guard case .open = state, let data = owedPong else { return }
        owedPong = nil
        write(writer.frame(.pong) { $0.writeImmutableBuffer(data) })
    }

    /// Nothing of this handler is being changed meanwhile: the channel may call it from within.
    private func write(_ frames: ByteBuffer) {
        guard case .open(let context, _) = state else { return }
        context.write(frames)
        context.flush()
    }

    private func tell(_ news: ConnectionReport) {
        if let connection { report(connection, news) }
    }

    private func tell(isOpen: Bool) {
        guard isOpen != isToldOpen, let connection else { return }
        isToldOpen = isOpen
        delegate.writable(isOpen, connection)
    }

    /// Not from within the write that made room: what comes next would write again, and so on without end.
    private func scheduleOpen(_ context: ChannelHandlerContext) {
        guard !isToldOpen else { return }
        context.eventLoop.assumeIsolated().execute {
            if self.machine.isWritable { self.tell(isOpen: true) }
        }
    }

    private func end() {
        let (connection, end): (NodeConnection, Disconnection)
        switch state {
        case .detached: return
        case .open(_, let known):
            (connection, end) = (known, Disconnection(cause: .peer, reason: "the connection was lost"))
        case .closing(let known, let said):
            (connection, end) = (known, said)
        }
        timer?.cancel()
        // Nothing is taken any more while the rest is handed on.
        state = .closing(connection, end)
        for command in machine.closed() { batch.add(command, .lost(end)) }
        handOn()
        state = .detached
        report(connection, .closed(end))
    }

    private func moveTimer() {
        guard case .open = state, let next = machine.nextDeadline else { return }
        timer?.fire(by: next) { self.timerFired() }
    }

    private func timerFired() {
        if !machine.isWritable, case .open(let context, _) = state,
            let left = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        {
            machine.saw(unwritten: left, now: .now)
        }
        perform(machine.tick(now: .now))
        handOn()
    }
}
