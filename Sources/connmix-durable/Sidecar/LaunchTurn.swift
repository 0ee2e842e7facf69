import Synchronization

/// The right to start one process, and afterwards the process. Given up once, whatever happens.
final class LaunchTurn: Sendable {
    private struct State {
        var isOver = false
        var number: Int32?
        var hasEnded = false
    }

    let begunAt: ContinuousClock.Instant
    private let gate: LaunchGate
    private let state = Mutex(State())

    init(_ gate: LaunchGate, begunAt: ContinuousClock.Instant = .now) {
        self.gate = gate
        self.begunAt = begunAt
    }

    /// The number of the process once it is started, for whoever has to end what it left behind.
    var number: Int32? { state.withLock { $0.number } }

    /// The process runs.
    func started(_ number: Int32) {
        let isFirst = state.withLock { state in
            defer { (state.isOver, state.number) = (true, number) }
            return !state.isOver
        }
        precondition(isFirst, "a turn starts one process")
        gate.started(number)
    }

    /// The process has run for a while; see `LaunchGate.stood`.
    func stood(isWell: Bool) {
        if let number { gate.stood(number, isWell: isWell) }
    }

    /// There is no process. Where it could not be started everybody waits a while.
    func failed(_ reason: String) {
        if end() { gate.failed(reason, begunAt: begunAt) }
    }

    /// Nobody wants the process any more.
    func abandon() {
        if end() { gate.leave() }
    }

    /// The process, if there was one, was waited for: its number means nothing any more.
    func finish() {
        abandon()
        let number = state.withLock { state -> Int32? in
            defer { state.hasEnded = true }
            return state.hasEnded ? nil : state.number
        }
        if let number { gate.ended(number) }
    }

    private func end() -> Bool {
        state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
    }
}
