internal import NIOCore

/// What is done where the file or its lock is not what was opened, or another consumer has taken the file over.
extension ConsumerCore {
    var fileLoss: FileLoss? { state.withLock { $0.fileLoss } }

    /// Looks at what nobody would be told of: commits that do not come back, and the files' names.
    ///
    /// - Returns: whether they are to be looked at again.
    func watchFiles() -> Bool {
        watchCommits()
        if let loss = lookAtFiles() { lost(loss) }
        return fileLoss?.remedy != .nothing
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
