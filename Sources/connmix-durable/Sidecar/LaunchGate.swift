import DequeModule
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// Through here goes every start of a handler's process: one at a time, with descriptors to spare, and after a failure none for a
/// while. Whoever has to wait keeps its message.
///
/// A start takes a millisecond and Subprocess makes them on one thread anyway. What it cannot bear is to run out of descriptors
/// halfway: it traps, or waits for an end that it does not see.
final class LaunchGate: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct State {
        var pause = LaunchPause()
        /// Somebody has the turn.
        var isTaken = false
        /// A process is being started, and nobody knows its number.
        var isStarting = false
        var waiters: Deque<(number: UInt64, waiter: Waiter)> = []
        var lastNumber: UInt64 = 0
        /// Those that were waited for before they were in the queue.
        var cancelled: Set<UInt64> = []
        var running: Set<Int32> = []
    }

    let name: String
    private let logger: Logger
    private let waits: Bool
    private let onFailure: (@Sendable (_ reason: String) -> Void)?
    private let state = Mutex(State())
    /// Whether starts have failed; looked at with every answer of a worker.
    private let isTroubled = Atomic<Bool>(false)

    /// - Parameters:
    ///   - waits: whether a start that fails is tried again, as `consume` does it.
    ///   - onFailure: told of starts that fail, for whoever does not wait for a worker.
    init(name: String, waits: Bool, logger: Logger, onFailure: (@Sendable (_ reason: String) -> Void)? = nil) {
        self.name = name
        self.waits = waits
        self.logger = logger
        self.onFailure = onFailure
    }

    /// Waits until a process may be started.
    ///
    /// - Throws: `CancellationError` where the consumer stops meanwhile; `SidecarError` where nobody waits here.
    func enter() async throws -> LaunchTurn {
        if let turn = enterAtOnce() { return turn }
        return try await cancelWhenGracefulShutdown { try await self.enterInTurn() }
    }

    /// What a start that failed means for its message: that it waits, or an error where nobody waits here.
    func retries(after reason: String) throws {
        try Task.checkCancellation()
        guard waits else { throw SidecarError("\(name) cannot be started: \(reason)") }
    }

    private func enterAtOnce() -> LaunchTurn? {
        let isFree = state.withLock { state in
            guard !state.isTaken, state.pause.until == nil, DescriptorLimit.hasRoom() else { return false }
            (state.isTaken, state.isStarting) = (true, true)
            return true
        }
        return isFree ? LaunchTurn(self) : nil
    }

    private func enterInTurn() async throws -> LaunchTurn {
        while true {
            try await takeTurn()
            do {
                if let until = state.withLock({ $0.pause.until }), until > .now { try await Task.sleep(until: until) }
            } catch {
                leave()
                throw error
            }
            let turn = LaunchTurn(self)
            guard DescriptorLimit.hasRoom() else {
                let reason = "no file descriptors are left of \(DescriptorLimit.soft)"
                turn.failed(reason)
                try retries(after: reason)
                continue
            }
            state.withLock { $0.isStarting = true }
            return turn
        }
    }

    private func takeTurn() async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (waiter: Waiter) in
                let answer = state.withLock { state -> Result<Void, any Error>? in
                    if state.cancelled.remove(number) != nil { return .failure(CancellationError()) }
                    if state.isTaken {
                        state.waiters.append((number, waiter))
                        return nil
                    }
                    state.isTaken = true
                    return .success(())
                }
                if let answer { waiter.resume(with: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                if let place = state.waiters.firstIndex(where: { $0.number == number }) {
                    return state.waiters.remove(at: place).waiter
                }
                state.cancelled.insert(number)
                return nil
            }
            waiter?.resume(throwing: CancellationError())
        }
        state.withLock { _ = $0.cancelled.remove(number) }
    }

    // MARK: What became of a turn

    func started(_ number: Int32) {
        DescriptorLimit.restore(for: number)
        pass { $0.running.insert(number) }
    }

    func failed(_ reason: String, begunAt: ContinuousClock.Instant) {
        var failures: Int?
        pass { state in failures = Self.failed(&state, begunAt) }
        tell("the handler cannot be started and is tried again; messages wait", failures, reason)
    }

    func leave() {
        pass { _ in }
    }

    func ended(_ number: Int32) {
        state.withLock { _ = $0.running.remove(number) }
    }

    /// It works: a process of `--exec` was started, a worker has answered.
    func proved() {
        guard isTroubled.load(ordering: .relaxed) else { return }
        let failures = state.withLock { state in
            isTroubled.store(false, ordering: .relaxed)
            return state.pause.succeeded()
        }
        if let failures {
            logger.notice("the handler works again", metadata: ["program": "\(name)", "failed_starts": "\(failures)"])
        }
    }

    /// A worker started and ended before it had answered anything: to those that wait for it that is no better than no start.
    func wasUseless(begunAt: ContinuousClock.Instant, _ reason: String) {
        let failures = state.withLock { state in
            isTroubled.store(true, ordering: .relaxed)
            return Self.failed(&state, begunAt)
        }
        tell("the handler ends before it has answered, and is started again", failures, reason)
    }

    /// - Returns: how many starts have failed, where that is to be said.
    private static func failed(_ state: inout State, _ begunAt: ContinuousClock.Instant) -> Int? {
        state.pause.failed(begunAt: begunAt, now: .now) ? state.pause.failures : nil
    }

    private func tell(_ what: Logger.Message, _ failures: Int?, _ reason: String) {
        guard let failures else { return }
        onFailure?(reason)
        logger.warning(
            what,
            metadata: ["program": "\(name)", "reason": "\(reason)", "failed_starts": "\(failures)"])
    }

    /// Ends the turn, and gives it to the next one.
    private func pass(_ body: (inout State) -> Void) {
        let next = state.withLock { state in
            body(&state)
            isTroubled.store(state.pause.isTroubled, ordering: .relaxed)
            state.isStarting = false
            let next = state.waiters.popFirst()?.waiter
            state.isTaken = next != nil
            return next
        }
        next?.resume()
    }

    // MARK: Orphans

    /// Runs `body` with the numbers of all processes that belong to somebody here, while none is being started.
    ///
    /// - Returns: false where one is being started right now.
    func betweenStarts(_ body: (_ running: Set<Int32>) -> Void) -> Bool {
        state.withLock { state in
            guard !state.isStarting else { return false }
            body(state.running)
            return true
        }
    }
}
