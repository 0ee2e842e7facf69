import ConnmixDevEngine
import Synchronization

/// What the end users and the engine did, as it happened.
final class DemoRecord: Sendable {
    /// A message as its end user knows it.
    struct Sent: Sendable {
        let client: String
        let node: String
        /// Its place in what was pushed to that node, from 0.
        let place: Int
    }

    /// What a restart found.
    struct Restart: Sendable {
        let node: String
        /// Handed out to the consumer before.
        let popped: Int
        /// Still in its queue.
        let queued: Int
        let dropped: Int
    }

    private struct State {
        var sent: [Int: Sent] = [:]
        var pushed: [String: Int] = [:]
        var users: [EndUser] = []
        var restart: Restart?
    }

    private let state = Mutex(State())

    func connected(_ users: [EndUser]) {
        state.withLock { $0.users += users }
    }

    /// One sender a node: places are given in the order of the queue.
    func sent(_ number: Int, by user: EndUser) {
        state.withLock { state in
            let place = state.pushed[user.node, default: 0]
            state.pushed[user.node] = place + 1
            state.sent[number] = Sent(client: user.id, node: user.node, place: place)
        }
    }

    func restarts(node: String, popped: Int, queued: Int, dropped: Int) {
        state.withLock { $0.restart = Restart(node: node, popped: popped, queued: queued, dropped: dropped) }
    }

    var sent: [Int: Sent] { state.withLock { $0.sent } }
    var sentCount: Int { state.withLock { $0.sent.count } }
    var users: [EndUser] { state.withLock { $0.users } }
    var restart: Restart? { state.withLock { $0.restart } }
}
