internal import NIOCore
internal import NIOWebSocket

/// An open connection to a node, as others hold it. Every method may be called from anywhere.
final class NodeConnection: CommandRoute {
    let identity: NodeIdentity
    /// Counted from 1, in the order of connecting; no two connections of a consumer have the same.
    let number: Int64
    private let channel: any Channel
    private let handler: NIOLoopBound<NodeChannelHandler>

    init(identity: NodeIdentity, number: Int64, channel: any Channel, handler: NodeChannelHandler) {
        self.identity = identity
        self.number = number
        self.channel = channel
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }

    func send(_ commands: [(id: Int64, command: Command)]) {
        guard !commands.isEmpty else { return }
        onLoop { $0.send(commands, over: self) }
    }

    /// Pops, or stops popping.
    func setConsuming(_ wanted: Bool) {
        onLoop { $0.setConsuming(wanted) }
    }

    /// Stops or resumes reading the socket altogether: the last resort against a backlog.
    func setReading(_ wanted: Bool) {
        onLoop { $0.setReading(wanted) }
    }

    /// Unpops, waits for answers, closes.
    func leave() {
        onLoop { $0.leave() }
    }

    func close(reason: String) {
        onLoop { $0.close(reason: reason, clean: false) }
    }

    private func onLoop(_ body: @escaping @Sendable (NodeChannelHandler) -> Void) {
        if channel.eventLoop.inEventLoop {
            body(handler.value)
        } else {
            channel.eventLoop.execute { [handler] in body(handler.value) }
        }
    }
}
