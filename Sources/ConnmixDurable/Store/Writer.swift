internal import Dispatch

/// The one thread that writes: it owns the writing connection, and commits whatever waits as one transaction.
final class Writer: Sendable {
    private let state = Locked(GroupCommit<any WriteOperation>())
    private let thread: any WriterThread
    private let ended = Locked<(isEnded: Bool, waiter: CheckedContinuation<Bool, Never>?)>((false, nil))
    private let lock: FileLock
    private let file: DatabaseFile
    private let onTrouble: @Sendable (ConnmixError) -> Void
    private let onLog: @Sendable (LogKeeper.News?, _ bytes: Int64, _ why: String) -> Void

    /// Starts the thread and opens the connection on it.
    ///
    /// - Parameters:
    ///   - lock: taken exclusively for each checkpoint.
    ///   - file: whose log is looked after, whoever writes it.
    ///   - open: runs on the writer's thread; its error is thrown here.
    ///   - onTrouble: told of checkpoints that failed, at most every ten seconds. Nothing is lost by one: the log keeps what is committed.
    ///   - onLog: told of the log's size once a second, and why it is what it is where that is news.
    init(
        lock: FileLock,
        file: DatabaseFile,
        thread: any WriterThread = OwnThread(),
        onTrouble: @escaping @Sendable (ConnmixError) -> Void,
        onLog: @escaping @Sendable (LogKeeper.News?, _ bytes: Int64, _ why: String) -> Void,
        open: @escaping @Sendable () throws -> Connection
    ) throws {
        self.lock = lock
        self.file = file
        self.thread = thread
        self.onLog = onLog
        self.onTrouble = onTrouble
        let failure = Locked<(any Error)?>(nil)
        try thread.start { [self] in
            do {
                let connection = try open()
                let pageSize = Int(try connection.integer("PRAGMA page_size"))
                state.withLock { $0.opened(pageSize: pageSize) }
                return WriterTurns(self, Transaction(connection, lock: lock))
            } catch {
                failure.withLock { $0 = error }
                return nil
            }
        } onEnd: { [self] in
            let waiter = ended.withLock { ended in
                ended.isEnded = true
                return ended.waiter.take()
            }
            waiter?.resume(returning: true)
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Hands over an operation. Its `finish` is called on the writer's thread.
    ///
    /// - Returns: false where the writer is stopping; nothing of the operation is called then.
    @discardableResult
    func submit(_ operation: any WriteOperation) -> Bool {
        guard let mustWake = state.withLock({ $0.submit(operation) }) else { return false }
        if mustWake { thread.wake() }
        return true
    }

    /// Runs `body` in a transaction, together with whatever else waits, and returns after COMMIT.
    func write<Output: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> Output) async throws -> Output {
        try await withCheckedThrowingContinuation { continuation in
            let operation = ClosureOperation(body) { continuation.resume(with: $0) }
            if !submit(operation) {
                continuation.resume(throwing: ConnmixError(.stopped, "the consumer is stopped; nothing was written"))
            }
        }
    }

    /// The same, and does not wait for longer than `limit`; `nil`: for as long as it takes.
    ///
    /// - Throws: `inputOutput` where that has passed. It may be written all the same, later.
    func write(within limit: Duration?, _ body: @escaping @Sendable (Transaction) throws -> Void) async throws {
        guard let limit else { return try await write(body) }
        try await withCheckedThrowingContinuation { continuation in
            let waiting = Locked<CheckedContinuation<Void, any Error>?>(continuation)
            let answer: @Sendable (Result<Void, any Error>) -> Void = { result in
                waiting.withLock { $0.take() }?.resume(with: result)
            }
            if !submit(ClosureOperation(body, completion: answer)) {
                answer(.failure(ConnmixError(.stopped, "the consumer is stopped; nothing was written")))
            }
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(limit.microseconds))) {
                answer(.failure(ConnmixError(.inputOutput, "the disk did not answer for \(limit.text)")))
            }
        }
    }

    /// Commits what waits, checkpoints, closes the connection and ends the thread.
    ///
    /// - Returns: whether that is done. Where the disk does not answer within `limit`, the thread goes on by itself when it does.
    @discardableResult
    func stop(within limit: Duration? = nil) async -> Bool {
        if state.withLock({ $0.stop() }) { thread.wake() }
        let timeout = DispatchWorkItem { [self] in ended.withLock { $0.waiter.take() }?.resume(returning: false) }
        let isEnded = await withCheckedContinuation { continuation in
            let isEnded = ended.withLock { ended in
                if !ended.isEnded { ended.waiter = continuation }
                return ended.isEnded
            }
            guard !isEnded else { return continuation.resume(returning: true) }
            guard let limit else { return }
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(limit.microseconds)), execute: timeout)
        }
        timeout.cancel()
        return isEnded
    }

    // MARK: On the writer's thread

    fileprivate func turn(_ turns: WriterTurns) -> WriterRest {
        let transaction = turns.transaction
        let connection = transaction.connection
        // Others may have written it, too.
        let log = log(connection)
        if turns.keeper.isLookDue(now: .now) {
            let bytes = file.size().log
            let news = turns.keeper.looked(bytes: bytes)
            onLog(news, bytes, news == nil ? "" : whyLong(log))
        }
        let keeper = turns.keeper
        switch state.withLock({
            $0.next(walPages: keeper.pages(log, now: .now), isQuiet: turns.isQuiet, mustShrink: keeper.mustShrink(now: .now))
        }) {
        case .commit(let batch):
            turns.isQuiet = false
            commit(batch, transaction)
        case .checkpoint:
            // The log keeps what could not be moved, and is tried again when it has grown as much once more.
            let error = checkpoint(within: keeper.patience) {
                try connection.startLogOver(within: LogKeeper.readersTime)
            }
            turns.keeper.tried(self.log(connection), isThrough: error?.code != .busy, now: .now)
            // Who commits a while longer than others is no trouble yet; it is tried again soon, and its size is told of.
            if let error, error.code != .busy || turns.keeper.isShutOut, ContinuousClock.now >= turns.mutedUntil {
                turns.mutedUntil = .now + Self.troublePause
                onTrouble(error)
            }
        case .shrink:
            // Whatever keeps it from shrinking is told of by its size.
            let error = checkpoint(within: keeper.patience) { try connection.shrinkLog() }
            turns.keeper.triedToShrink(now: .now)
            if error?.code == .busy { turns.keeper.tried(log, isThrough: false, now: .now) }
        case .sleep:
            return .untilWoken
        case .doze:
            return .briefly
        case .stop:
            if let error = checkpoint(within: .seconds(5), { _ = try connection.checkpoint(truncate: true) }) {
                onTrouble(error)
            }
            return .ended
        }
        return .none
    }

    private func log(_ connection: Connection) -> LogFacts {
        connection.log() ?? LogFacts(pages: Int(file.size().log) / DatabaseFile.pageSize, moved: 0)
    }

    private func whyLong(_ log: LogFacts) -> String {
        let readers = LogReaders.old(database: file.path, log)
        guard readers.isEmpty else { return LogFacts.words(readers: readers) }
        return lock.isHeldElsewhere(.checkpoint)
            ? "another process holds the checkpoint lock; look for one that is stopped"
            : "others wrote faster than it could be moved, or a reader that cannot be named looks at an old state of it"
    }

    private func commit(_ batch: [any WriteOperation], _ transaction: Transaction) {
        for operation in batch { operation.prepare() }
        do {
            try transaction.run { transaction in
                for operation in batch { try operation.apply(transaction) }
            }
            for operation in batch { operation.finish(.success(())) }
        } catch {
            // The disk's trouble is everybody's; a bad operation must not take its neighbours down.
            let isShared = (error as? ConnmixError)?.isTransient ?? false
            guard !isShared, batch.count > 1 || batch.contains(where: { $0.mayRunAgain(after: error) }) else {
                for operation in batch { operation.finish(.failure(error)) }
                return
            }
            for operation in batch { operation.finish(runAlone(operation, transaction)) }
        }
    }

    private func runAlone(_ operation: any WriteOperation, _ transaction: Transaction) -> Result<Void, any Error> {
        while true {
            // What did not come to its turn has learned nothing from the failure, and would run again for ever.
            var isApplied = false
            let result = Result {
                try transaction.run {
                    isApplied = true
                    try operation.apply($0)
                }
            }
            guard case .failure(let error) = result, isApplied, operation.mayRunAgain(after: error) else { return result }
        }
    }

    /// - Returns: what kept the log's pages from being moved.
    private func checkpoint(within limit: Duration, _ body: () throws -> Void) -> ConnmixError? {
        do {
            try lock.checkpointing(within: limit, body)
            return nil
        } catch {
            return error as? ConnmixError ?? ConnmixError(.internal, "checkpointing failed: \(error)")
        }
    }

    /// A checkpoint that fails again and again is told of this often.
    private static let troublePause: Duration = .seconds(10)
}

/// What the writer's loop keeps from one turn to the next. It holds the connection, and stays on the thread that opened it.
package final class WriterTurns {
    fileprivate let transaction: Transaction
    private let writer: Writer
    fileprivate var keeper = LogKeeper()
    fileprivate var mutedUntil = ContinuousClock.now
    fileprivate var isQuiet = false

    fileprivate init(_ writer: Writer, _ transaction: Transaction) {
        self.writer = writer
        self.transaction = transaction
    }

    /// Does the next thing there is to do: a commit, a checkpoint, or none.
    package func next() -> WriterRest { writer.turn(self) }

    /// - Parameter isQuiet: whether nothing came during a short rest.
    package func rested(isQuiet: Bool) { self.isQuiet = isQuiet }
}
