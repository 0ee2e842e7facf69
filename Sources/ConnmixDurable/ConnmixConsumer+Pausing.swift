/// Pausing from inside the program: what `connmix-durable pause` does from outside.
extension ConnmixConsumer {
    /// Pauses topics until `resume`, also through restarts: their messages are journaled and wait in the file. What is being handled is
    /// finished. Usable while the consumer runs, and in effect when it returns.
    ///
    /// ```swift
    /// try await consumer.pause(topics: ["orders"], reason: "the price service is out")
    /// try await consumer.resume(topics: ["orders"])
    /// ```
    ///
    /// - Parameters:
    ///   - topics: `nil`: all.
    ///   - intake: whether their queues are not popped either. Messages wait in the engine then, whose queues are short and in memory.
    ///   - reason: shown by `status`, and kept with the action.
    /// - Throws: `stopped` where the consumer does not run; `badData` where no topic is named; errors of the disk.
    @discardableResult
    public func pause(topics: [String]? = nil, intake: Bool = false, reason: String? = nil) async throws -> PauseReport {
        try await change {
            try PauseVerbs.pause($0, topics: topics, holdsIntake: intake, actor: OperatorName.current, reason: reason)
        }
    }

    /// Lets topics go on that were paused, by whomever.
    ///
    /// - Parameters:
    ///   - topics: those that were named when they were paused; `nil`: whatever is paused.
    ///   - reason: kept with the action.
    /// - Throws: `stopped` where the consumer does not run; `notFound` where one is not paused; errors of the disk.
    @discardableResult
    public func resume(topics: [String]? = nil, reason: String? = nil) async throws -> PauseReport {
        try await change {
            try PauseVerbs.resume($0, topics: topics, onlyIntake: false, actor: OperatorName.current, reason: reason)
        }
    }

    private func change(_ body: @escaping @Sendable (Transaction) throws -> PauseReport) async throws -> PauseReport {
        let core = try runningCore()
        do {
            let report = try await core.writer.write { transaction in
                let report = try body(transaction)
                try ChangeMark.journal.count(transaction)
                return report
            }
            await core.lookAgain()
            return report
        } catch {
            // A commit of the same batch may have taken it over before it failed.
            core.askToLookAgain()
            throw error
        }
    }
}
