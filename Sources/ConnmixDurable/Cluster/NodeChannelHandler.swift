internal import NIOCore
internal import NIOWebSocket

/// Performs what a `NodeConnectionMachine` decides, on one channel and its event loop.
///
/// What one read brings is gathered and handed on at its end, so that a thousand messages are one call.
final class NodeChannelHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private let identity: NodeIdentity
    private let settings: NodeConnectionMachine.Settings
    private let delegate: any ClusterDelegate
    private let onForm: (RequestForm) -> Void
    private let onConsuming: () -> Void
    private var machine: NodeConnectionMachine
    private var connection: NodeConnection?
    private var context: ChannelHandlerContext?
    /// Of the frame encoder: what is written there passes the encoder by, since it is framed already.
    private var socket: ChannelHandlerContext?
    private var output = FrameWriter()
    private var messages: [ReceivedMessage] = []
    private var outcomes: [CommandOutcome] = []
    private var timer: (fires: ContinuousClock.Instant, task: Scheduled<Void>)?
    private var endReason: (text: String, clean: Bool)?
    private var isDispatching = false

    init(
        identity: NodeIdentity, settings: NodeConnectionMachine.Settings, form: RequestForm?,
        delegate: any ClusterDelegate, onForm: @escaping (RequestForm) -> Void, onConsuming: @escaping () -> Void
    ) {
        self.identity = identity
        self.settings = settings
        self.delegate = delegate
        self.onForm = onForm
        self.onConsuming = onConsuming
        machine = NodeConnectionMachine(settings: settings, form: form, consumes: delegate.shouldConsume(), now: .now)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        socket = try? context.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
        precondition(socket != nil, "the upgrade adds the frame encoder before this handler")
        let connection = NodeConnection(identity: identity, channel: context.channel, handler: self)
        self.connection = connection
        delegate.connected(connection)
        perform(machine.opened(now: .now))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
        socket = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary:
            read(frame.unmaskedData)
        case .ping:
            var payload = frame.unmaskedData
            output.frame(.pong) { $0.writeBuffer(&payload) }
            flush()
        case .connectionClose:
            var data = frame.unmaskedData
            let code = data.readInteger(as: UInt16.self).map { " with code \($0)" } ?? ""
            close(reason: "the engine closed the connection\(code)", clean: false)
        case .pong:
            break
        default:
            perform(machine.unknownFrame("a frame of type \(frame.opcode)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        machine.heard(now: .now)
        handOn()
        rescheduleTimer()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(reason: "\(error)", clean: false)
    }

    // MARK: Calls from outside, on the loop

    func send(_ commands: [(id: Int64, command: Command)]) {
        guard socket != nil else {
            return refuse(commands)
        }
        let now = ContinuousClock.now
        var refused: [(id: Int64, command: Command)] = []
        for entry in commands {
            guard endReason == nil, let requestID = machine.command(entry.id, now: now) else {
                refused.append(entry)
                continue
            }
            output.text { RequestEncoder.command(entry.command, id: requestID, into: &$0) }
        }
        flush()
        rescheduleTimer()
        if !refused.isEmpty { refuse(refused) }
    }

    func setConsuming(_ wanted: Bool) {
        perform(machine.setConsuming(wanted, now: .now))
    }

    func leave() {
        perform(machine.leave(now: .now))
    }

    func close(reason: String, clean: Bool) {
        guard endReason == nil, let context else { return }
        endReason = (reason, clean)
        handOn()
        output.frame(.connectionClose) { $0.write(webSocketErrorCode: clean ? .normalClosure : .goingAway) }
        guard let socket, let frames = output.take() else { return context.close(promise: nil) }
        // Half a goodbye is enough: whatever was applied was answered before, and a hanging peer must not hold us.
        socket.writeAndFlush(NIOAny(frames)).whenComplete { [channel = context.channel] _ in
            channel.close(promise: nil)
        }
    }

    // MARK: -

    private func read(_ frame: ByteBuffer) {
        switch FrameDecoder.decode(frame) {
        case .message(let message):
            machine.messageArrived(now: .now)
            messages.append(
                ReceivedMessage(
                    node: identity.id, topic: message.topic, client: message.client, data: message.data,
                    receivedAt: Clock.now()))
        case .unreadableMessage(let reason):
            messages.append(
                ReceivedMessage(
                    node: identity.id, topic: "", client: "", data: frame, receivedAt: Clock.now(), unreadable: reason))
        case .reply(let reply):
            switch machine.replied(reply, now: .now) {
            case .command(let id):
                outcomes.append(CommandOutcome(command: id, result: .replied(reply.outcome)))
            case .actions(let actions):
                perform(actions)
            case .unasked:
                perform(machine.unknownFrame("an answer to request \(reply.id), for which nobody waits"))
            }
        case .pong:
            break
        case .unknown(let reason):
            perform(machine.unknownFrame(reason))
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
        guard context != nil else { return }
        for action in actions {
            switch action {
            case .pop(let id, let form):
                output.text { RequestEncoder.pop(settings.topics, form: form, id: id, into: &$0) }
                flush()
            case .unpop(let id, let form):
                output.text { RequestEncoder.unpop(form: form, id: id, into: &$0) }
                flush()
            case .ping(let id):
                ping(id: id)
            case .nowConsuming(let form):
                onForm(form)
                onConsuming()
                delegate.happened(.nodeConsuming(identity))
            case .notConsuming(let reason):
                delegate.happened(.nodeNotConsuming(identity, reason: reason))
            case .unanswered(let command):
                outcomes.append(
                    CommandOutcome(
                        command: command, result: .unanswered(reason: "no answer within \(settings.replyTimeout)")))
            case .close(let reason, let clean):
                close(reason: reason, clean: clean)
            case .report(let unknownFrame):
                delegate.happened(.unknownFrame(identity, reason: unknownFrame))
            }
        }
        rescheduleTimer()
    }

    private func ping(id: Int64?) {
        output.frame(.ping) { _ in }
        output.text { buffer in
            if let id {
                RequestEncoder.ping(form: .php105, id: id, into: &buffer)
            } else {
                buffer.writeStaticString("ping")
            }
        }
        flush()
    }

    /// Writes what has gathered, as one write.
    private func flush() {
        guard let socket, let frames = output.take() else { return }
        socket.writeAndFlush(NIOAny(frames), promise: nil)
    }

    private func refuse(_ commands: [(id: Int64, command: Command)]) {
        guard let connection else { return }
        delegate.settled(commands.map { CommandOutcome(command: $0.id, result: .notWritten) }, by: connection)
    }

    private func end() {
        guard let connection else { return }
        timer?.task.cancel()
        timer = nil
        let reason = endReason ?? ("the connection was lost", false)
        endReason = reason
        for command in machine.closed() {
            outcomes.append(CommandOutcome(command: command, result: .unanswered(reason: reason.text)))
        }
        handOn()
        self.connection = nil
        delegate.disconnected(connection, reason: reason.text, clean: reason.clean)
    }

    /// One timer, moved only when an earlier time is needed: it fires at most once a deadline.
    private func rescheduleTimer() {
        guard let context, endReason == nil, let next = machine.nextDeadline else { return }
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
        perform(machine.tick(now: .now))
        handOn()
        rescheduleTimer()
    }
}
