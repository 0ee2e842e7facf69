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

    /// Asks the delegate again whether to pop, and whether to read the socket at all: the last resort against a backlog.
    ///
    /// It is asked when it is done and not before: whoever changes its mind calls this afterwards, and no call overtakes another.
    func review() {
        onLoop { $0.review() }
    }

    /// Unpops, waits for answers, closes.
    func leave() {
        onLoop { $0.leave() }
    }

    func close(reason: String) {
        onLoop { $0.close(Disconnection(cause: .wanted, reason: reason)) }
    }

    private func onLoop(_ body: @escaping @Sendable (NodeChannelHandler) -> Void) {
        if channel.eventLoop.inEventLoop {
            body(handler.value)
        } else {
            channel.eventLoop.execute { [handler] in body(handler.value) }
        }
    }
}
