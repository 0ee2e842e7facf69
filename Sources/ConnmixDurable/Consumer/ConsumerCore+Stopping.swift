internal import NIOCore

/// Waiting for a state of the consumer, and ending it.
extension ConsumerCore {
    /// - Returns: whether the condition held within the limit; false where the task was cancelled first.
    @discardableResult
    func wait(
        within limit: Duration? = nil, until condition: @escaping @Sendable (borrowing State) -> Bool
    ) async -> Bool {
        let number = state.withLock { state in
            state.nextWatcher += 1
            return state.nextWatcher
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWatching = state.withLock { state in
                    guard !state.isClosed, !Task.isCancelled else { return false }
                    state.watchers.append(Watcher(number: number, condition: condition, continuation: continuation))
                    return true
                }
                guard isWatching else { return continuation.resume(returning: false) }
                if let limit {
                    loop.scheduleTask(in: .microseconds(limit.microseconds)) { self.giveUp(watcher: number) }
                }
                pump()
            }
        } onCancel: {
            giveUp(watcher: number)
        }
    }

    func giveUp(watcher number: Int) {
        let watcher = state.withLock { state in
            state.watchers.firstIndex { $0.number == number }.map { state.watchers.remove(at: $0) }
        }
        watcher?.continuation.resume(returning: false)
    }

    func takeWatchers(_ state: inout State) -> [Watcher] {
        guard !state.watchers.isEmpty else { return [] }
        let (done, waiting) = (
            state.watchers.filter { $0.condition(state) }, state.watchers.filter { !$0.condition(state) }
        )
        state.watchers = waiting
        return done
    }

    /// What made a commit fail for good, also while the consumer was stopping.
    var fatalError: (any Error)? { state.withLock { $0.failure } }

    /// Returns when a commit failed for good; `nil` where the consumer ended otherwise.
    func failure() async -> (any Error)? {
        await wait { $0.failure != nil }
        return state.withLock { $0.failure }
    }

    /// Takes no more messages from the nodes; what is under way is still journaled.
    func stopTaking() {
        losses.withLock { $0.stopping() }
        apply(intake.withLock { $0.hold(.stopping) })
    }

    /// Starts no more handlers, and gives entries back that were claimed for this process.
    func stopHandling() {
        let (workers, mustCommit) = state.withLock { state in
            release(state.dispatcher.stop(), &state)
            defer { state.idleWorkers = [] }
            return (state.idleWorkers, requestCommit(&state, now: time(&state)))
        }
        for worker in workers { worker.resume(returning: nil) }
        if mustCommit { submitCommit() }
    }

    /// Returns when no handler runs any more and every outcome is committed.
    func handlersEnded(within limit: Duration) async -> Bool {
        await wait(within: limit) { $0.dispatcher.isQuiet && $0.outcomes.isEmpty || $0.failure != nil }
    }

    /// The same for a task that is cancelled already: a handler that heeds its own cancellation returns at once.
    func handlersReturned(within limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline, state.withLock({ $0.dispatcher.runningCount > 0 }) {
            await pause(.milliseconds(5))
        }
    }

    /// Returns when every command is settled and marked that can be sent within the limit.
    func outboxDrained(within limit: Duration) async -> Bool {
        let end = Clock.now() + limit.microseconds
        return await wait(within: limit) {
            $0.relay.isDrained(before: end) && $0.enqueues.isEmpty || $0.failure != nil
        }
    }

    /// Returns when no node is being popped any more.
    func unpopped(within limit: Duration) async {
        await wait(within: limit) { state in state.nodes.values.allSatisfy { $0 != .consuming } }
    }

    /// Lets everybody go who waits for something.
    func end() async {
        let watchers = state.withLock { state in
            state.isClosed = true
            state.timer?.cancel()
            defer { state.watchers = [] }
            return state.watchers
        }
        for watcher in watchers { watcher.continuation.resume(returning: false) }
    }

    /// Tells those who wait for answers that none will come any more.
    func close() async {
        let (receipts, enqueues, taken) = state.withLock { state in
            defer {
                state.receipts = [:]
                (state.enqueues, state.takenEnqueues) = ([], [:])
            }
            return (Array(state.receipts.values), state.enqueues, Array(state.takenEnqueues.values))
        }
        for enqueue in enqueues { enqueue.finish(.failure(Self.stopped)) }
        for enqueue in taken { enqueue.finish(.failure(unknownCommands("the consumer stopped while a commit was under way"))) }
        for receipt in receipts {
            receipt.abandon(Self.unanswered(receipt.id))
        }
    }

    static func unanswered(_ id: Int64) -> ConnmixError {
        ConnmixError(.stopped, "the consumer stopped before command \(id) was answered; it is sent after its next start")
    }

    func pause(_ duration: Duration) async {
        await withCheckedContinuation { continuation in
            _ = loop.scheduleTask(in: .microseconds(duration.microseconds)) { continuation.resume() }
        }
    }

    /// A commit does not come back.
    var isStandingStill: Bool { state.withLock { $0.schedule.standstill != nil } }

    /// Messages that were read and are not in the file.
    var atRisk: Int { intake.withLock { $0.atRisk } }

    /// Commits what is in memory.
    ///
    /// - Parameter limit: how long it may take. What comes of a commit that takes longer is not awaited.
    /// - Returns: whether everything is in the file.
    func flush(within limit: Duration) async -> Bool {
        let isCommitted = await withCheckedContinuation { continuation in
            let waiting = Locked<CheckedContinuation<Bool, Never>?>(continuation)
            let timer = loop.scheduleTask(in: .microseconds(limit.microseconds)) {
                waiting.withLock { $0.take() }?.resume(returning: false)
            }
            // Who waits goes on and ends the loop: nothing is asked of it after that, nor by a commit that comes back too late.
            let answer: @Sendable (Bool) -> Void = { isThrough in
                guard let continuation = waiting.withLock({ $0.take() }) else { return }
                timer.cancel()
                continuation.resume(returning: isThrough)
            }
            if !writer.submit(LastCommit(core: self, completion: answer)) { answer(false) }
        }
        return isCommitted && atRisk == 0
            && state.withLock {
                $0.outcomes.isEmpty && $0.changes.isEmpty && $0.enqueues.isEmpty && !$0.dispatcher.hasReleases
            }
    }
}
