import NIOCore
import NIOConcurrencyHelpers

/// The open connections of a server. Where there are too many, one that rests makes room for the new one.
final class HTTPConnections: Sendable {
    private struct State {
        var order: OpenConnections<ObjectIdentifier>
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isStopping = false
        var answers = 0
    }

    private let state: NIOLockedValueBox<State>

    private let limit: Int

    init(limit: Int) {
        self.limit = limit
        state = NIOLockedValueBox(State(order: OpenConnections(limit: limit)))
    }

    /// - Returns: whether there is room: while the server stops, or where every connection is being answered, there is none.
    func enter(_ channel: any Channel) -> Bool {
        let (mayEnter, evicted) = state.withLockedValue { state -> (Bool, (any Channel)?) in
            guard !state.isStopping, !state.order.isBusy else { return (false, nil) }
            state.channels[ObjectIdentifier(channel)] = channel
            return (true, state.order.enter(ObjectIdentifier(channel)).flatMap { state.channels.removeValue(forKey: $0) })
        }
        evicted?.close(promise: nil)
        return mayEnter
    }

    /// An answer is about to be made. Its client may go away meanwhile, so these are counted by themselves.
    ///
    /// - Returns: whether there are not too many.
    func begin() -> Bool {
        state.withLockedValue { state in
            guard state.answers < limit else { return false }
            state.answers += 1
            return true
        }
    }

    func ended() {
        state.withLockedValue { $0.answers -= 1 }
    }

    func asked(_ channel: any Channel) {
        state.withLockedValue { $0.order.asked(ObjectIdentifier(channel)) }
    }

    /// Its answer is written. Once the server stops nobody waits for another request.
    func rests(_ channel: any Channel) -> Bool {
        state.withLockedValue { state in
            state.order.rests(ObjectIdentifier(channel))
            return !state.isStopping
        }
    }

    /// Closes what waits for a request; what is being answered is closed after its answer.
    func stop() {
        let resting = state.withLockedValue { state in
            state.isStopping = true
            return state.order.resting.compactMap { state.channels[$0] }
        }
        for channel in resting { channel.close(promise: nil) }
    }

    func leave(_ channel: any Channel) {
        state.withLockedValue { state in
            state.order.leave(ObjectIdentifier(channel))
            state.channels[ObjectIdentifier(channel)] = nil
        }
    }
}
