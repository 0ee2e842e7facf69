internal import NIOCore

/// What is done where the file or its lock is not what was opened, or another consumer has taken the file over.
extension ConsumerCore {
    var fileLoss: FileLoss? { state.withLock { $0.fileLoss } }

    /// Looks at what nobody would be told of: commits that do not come back, and the files' names.
    ///
    /// - Returns: whether they are to be looked at again.
    func watchFiles() -> Bool {
        watchCommits()
        watchHandlers()
        if let loss = lookAtFiles() { lost(loss) }
        return fileLoss?.remedy != .nothing
    }

    /// Tells of handlers that do not come back, and of how the consumer stands.
    private func watchHandlers() {
        let now = Clock.steady()
        let held = handlers?.trouble == nil ? hands.held(for: hands.patience, now: now) : []
        let isNews = state.withLock { $0.handlerWatch.look(held, of: hands.count, now: now) }
        if isNews, let longest = held.first {
            onEvent(
                .handlersHeld(
                    held.count, of: hands.count, entry: longest.entry, for: .seconds((now - longest.since) / 1_000_000)))
        }
        let standing = standing
        metrics.observe(
            isReady: standing.obstacle == nil, hasCenterTrouble: standing.centerTrouble != nil, handlers: hands.count,
            held: held.count)
    }

    /// Handlers that do not come back, as others are told of them.
    func held(now: Int64 = Clock.steady()) -> StatusReport.Held? {
        // Where none can be started every message waits in one, and that is told of otherwise.
        guard handlers?.trouble == nil else { return nil }
        let held = hands.held(for: hands.patience, now: now)
        guard !held.isEmpty else { return nil }
        let wall = Clock.now()
        // To the second: it must not be news each time that it is computed.
        let messages = held.prefix(5).map { holding in
            StatusReport.Held.Message(entry: holding.entry, since: (wall - (now - holding.since)) / 1_000_000 * 1_000_000)
        }
        return StatusReport.Held(count: Int64(held.count), handlers: Int64(hands.count), messages: messages)
    }

    /// Takes nothing more, says what happened, and ends the run. The first loss is the one that is told; a worse one counts.
    func lost(_ loss: FileLoss) {
        let isFirst = state.withLock { state in
            let before = state.fileLoss
            if before.map({ $0.remedy < loss.remedy }) ?? true { state.fileLoss = loss }
            if before == nil { state.failure = state.failure ?? loss.error(database, left: 0) }
            return before == nil
        }
        // Another log belongs to somebody else's commits. Where only the database was replaced, the log must be emptied into the one
        // that is open: SQLite would take it for the new file's own.
        if case .companion(_, .replaced) = loss { onVoid() }
        guard isFirst else { return }
        apply(intake.withLock { $0.hold(.stopping) })
        onEvent(.fileLost(reason: loss.words(database)))
        pump()
    }
}
