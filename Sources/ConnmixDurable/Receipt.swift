/// A command that is in the outbox, and will be sent until the engine answers.
///
/// ```swift
/// let receipt = try await consumer.outbox.meshPublish(to: "news", "hello")
/// let answer = try await receipt.answer(within: .seconds(5))
/// print(answer.delivered ?? 0, answer.failed ?? 0)
/// ```
public final class Receipt: Sendable {
    /// How a command ended.
    public struct Answer: Sendable, Equatable {
        /// `.sent` where the engine took it. Anything else was given up, with the reason in `error`.
        public let state: CommandState
        /// The node that answered.
        public let node: String?
        /// The engine's error code, where it refused.
        public let code: EngineErrorCode?
        /// Why it was not sent, for people; `nil` where it was.
        public let error: String?
        /// How many end users a publish reached.
        public let delivered: Int64?
        /// How many end users a publish did not reach.
        public let failed: Int64?

        /// How many end users a publish was for.
        public var total: Int64? {
            delivered.map { delivered in
                // Both are the engine's numbers, and may be any.
                let (sum, isTooLarge) = delivered.addingReportingOverflow(failed ?? 0)
                return isTooLarge ? (delivered < 0 ? .min : .max) : sum
            }
        }

        /// Whether the engine took the command. A publish that reached nobody counts as taken.
        public var isSuccess: Bool { state == .sent }
    }

    private enum State {
        case waiting([Int: CheckedContinuation<Answer, any Error>])
        case settled(Answer)
        case abandoned(ConnmixError)
    }

    /// The command's id in the outbox. It is committed: the command survives this process.
    public let id: Int64
    private let state: Locked<(state: State, nextWaiter: Int)>

    /// - Parameter answer: where it is known already.
    init(id: Int64, _ answer: Answer? = nil) {
        self.id = id
        state = Locked((answer.map { .settled($0) } ?? .waiting([:]), 0))
    }

    /// Waits for the engine's answer, through reconnects and node changes.
    ///
    /// - Parameter limit: how long to wait; for ever where it is `nil`.
    /// - Throws: `timedOut`, and the command goes on being sent; `stopped` where the consumer stopped first, and the command
    ///   is sent after its next start; `CancellationError`.
    public func answer(within limit: Duration? = nil) async throws -> Answer {
        guard let limit else { return try await answer() }
        return try await withThrowingTaskGroup(of: Answer.self) { group in
            group.addTask { try await self.answer() }
            group.addTask { [id] in
                try await Task.sleep(for: limit)
                throw ConnmixError(.timedOut, "command \(id) was not answered within \(limit.text); it goes on being sent")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    private func answer() async throws -> Answer {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let known: Result<Answer, any Error>? = state.withLock { state in
                    switch state.state {
                    case .waiting(var waiters):
                        if Task.isCancelled { return .failure(CancellationError()) }
                        waiters[number] = continuation
                        state.state = .waiting(waiters)
                        return nil
                    case .settled(let answer): return .success(answer)
                    case .abandoned(let error): return .failure(error)
                    }
                }
                if let known { continuation.resume(with: known) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Answer, any Error>? in
                guard case .waiting(var waiters) = state.state else { return nil }
                defer { state.state = .waiting(waiters) }
                return waiters.removeValue(forKey: number)
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    func settle(_ answer: Answer) {
        finish(.settled(answer), .success(answer))
    }

    func abandon(_ error: ConnmixError) {
        finish(.abandoned(error), .failure(error))
    }

    private func finish(_ end: State, _ result: Result<Answer, any Error>) {
        let waiters = state.withLock { state -> [CheckedContinuation<Answer, any Error>] in
            guard case .waiting(let waiters) = state.state else { return [] }
            state.state = end
            return Array(waiters.values)
        }
        for waiter in waiters { waiter.resume(with: result) }
    }
}

extension Receipt.Answer {
    init(_ settlement: Settlement) {
        self.init(
            state: settlement.state, node: settlement.node, code: settlement.code.map { EngineErrorCode(rawValue: $0) },
            error: settlement.state == .sent ? nil : settlement.error, delivered: settlement.delivered,
            failed: settlement.failed)
    }
}
