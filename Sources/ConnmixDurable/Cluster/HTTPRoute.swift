internal import DequeModule
internal import NIOCore

/// A node whose WebSocket cannot be opened and whose HTTP api answers: takes mesh commands, a POST each.
///
/// It ends when a WebSocket opens, when the node is gone, and when HTTP fails as well.
final class HTTPRoute: CommandRoute {
    private struct State {
        var waiting: Deque<(id: Int64, command: Command)> = []
        var active = 0
        var isClosed = false
    }

    let identity: NodeIdentity
    private let call: HTTPCall
    private let delegate: any ConnectionDelegate
    private let onFailure: @Sendable (HTTPRoute) -> Void
    private let state: NIOLoopBoundBox<State>

    /// So many requests are under way at once.
    private static let width = 16

    /// - Parameter onFailure: called on the loop when HTTP does not work any more.
    init(
        identity: NodeIdentity, call: HTTPCall, delegate: any ConnectionDelegate,
        onFailure: @escaping @Sendable (HTTPRoute) -> Void
    ) {
        self.identity = identity
        self.call = call
        self.delegate = delegate
        self.onFailure = onFailure
        state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: call.loop)
    }

    /// Whether the node's HTTP api is there: asked for a send without params, it refuses in its own words.
    static func probe(_ call: HTTPCall) -> EventLoopFuture<Bool> {
        call.perform("/v1/mesh/send", post: ByteBuffer(string: "{}")).map { FrameDecoder.outcome(ofHTTP: $0.body) != nil }
    }

    func send(_ commands: [(id: Int64, command: Command)]) {
        call.loop.execute {
            self.state.value.waiting.append(contentsOf: commands)
            self.advance()
        }
    }

    /// Takes nothing more; what is under way gets its outcome.
    func close() {
        state.value.isClosed = true
        advance()
    }

    private func advance() {
        if state.value.isClosed {
            let refused = state.value.waiting.map { CommandOutcome(command: $0.id, result: .notWritten) }
            state.value.waiting = []
            if !refused.isEmpty { delegate.settled(refused, by: self) }
            return
        }
        while state.value.active < Self.width, let (id, command) = state.value.waiting.popFirst() {
            post(id, command)
        }
    }

    private func post(_ id: Int64, _ command: Command) {
        var body = ByteBuffer()
        guard RequestEncoder.meshParameters(command, into: &body) else {
            return delegate.settled([CommandOutcome(command: id, result: .notWritten)], by: self)
        }
        state.value.active += 1
        call.perform(command.method == "mesh.publish" ? "/v1/mesh/publish" : "/v1/mesh/send", post: body)
            .whenComplete { result in self.answered(id, result) }
    }

    private func answered(_ id: Int64, _ result: Result<HTTPCall.Answer, any Error>) {
        state.value.active -= 1
        let (outcome, isWorking): (CommandOutcome.Result, Bool) =
            switch result {
            case .success(let answer):
                if let outcome = FrameDecoder.outcome(ofHTTP: answer.body) {
                    (.replied(outcome), true)
                } else {
                    // Whatever the status says, it is no answer of an engine but, say, a proxy's: nobody knows what became of it.
                    (.lost(Self.end("HTTP status \(answer.status) and no answer of an engine")), false)
                }
            case .failure(let error as HTTPCall.Failure) where !error.mayBeWritten:
                (.notWritten, false)
            case .failure(let error):
                (.lost(Self.end((error as? HTTPCall.Failure)?.error.message ?? "\(error)")), false)
            }
        // First the end, so that a command that is free again does not come back here.
        if !isWorking, !state.value.isClosed { onFailure(self) }
        delegate.settled([CommandOutcome(command: id, result: outcome)], by: self)
        advance()
    }

    /// A request of its own each: what one command does to its connection, no other one hears of.
    private static func end(_ reason: String) -> Disconnection {
        Disconnection(cause: .wanted, reason: reason)
    }
}
