import NIOCore
import NIOConcurrencyHelpers

/// The open connections of a server. Where there are too many, one that rests makes room for the new one.
final class HTTPConnections: Sendable {
    private struct State {
        var order: OpenConnections<ObjectIdentifier>
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isStopping = false
    }

    private let state: NIOLockedValueBox<State>

    init(limit: Int) {
        state = NIOLockedValueBox(State(order: OpenConnections(limit: limit)))
    }

    func enter(_ channel: any Channel) {
        let evicted = state.withLockedValue { state -> (any Channel)? in
            state.channels[ObjectIdentifier(channel)] = channel
            return state.order.enter(ObjectIdentifier(channel)).flatMap { state.channels.removeValue(forKey: $0) }
        }
        evicted?.close(promise: nil)
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
