/// What was decided to be sent and is at no connection yet, in the order of the decisions. Pure.
///
/// It is decided under the core's lock, by whichever thread comes by, and handed to connections after it, by the loop alone. So what was
/// decided first is written first, whoever is quicker after the lock.
struct Departures<Batch: Sendable>: Sendable {
    enum Step: Sendable {
        /// The caller, which is on the loop, hands these on, and asks for the `next` ones.
        case handOn([Batch])
        /// The loop must be asked to come and ask for the `next` ones.
        case callLoop
        /// Somebody is at it, or there is nothing.
        case nothing
    }

    private enum Hands: Sendable {
        case idle
        /// The loop was asked to come.
        case called
        /// The loop hands on. What it calls may decide more: that goes after what it has in hand.
        case busy
    }

    private var waiting: [Batch] = []
    private var hands = Hands.idle

    mutating func decided(_ batches: [Batch], isOnLoop: Bool) -> Step {
        guard !batches.isEmpty else { return .nothing }
        if waiting.isEmpty { waiting = batches } else { waiting += batches }
        switch hands {
        case .busy: return .nothing
        case .idle where isOnLoop, .called where isOnLoop: return .handOn(next())
        case .called: return .nothing
        case .idle:
            hands = .called
            return .callLoop
        }
    }

    /// - Returns: what is to be handed on now; empty where that was all.
    mutating func next() -> [Batch] {
        hands = waiting.isEmpty ? .idle : .busy
        defer { waiting = [] }
        return waiting
    }
}

extension Departures.Step: Equatable where Batch: Equatable {}
