/// A wall clock that somebody sets moves no deadline by more than the longest pause.
///
/// Every reading under the lock goes through `time`, so that what waits and what it is compared with always belong to the same
/// clock. What waits in memory alone goes on by what is left of it; what waits in the file is brought to a clock that was set back with the
/// next commits, and read again.
extension ConsumerCore {
    /// The time, in microseconds since 1970.
    func time(_ state: inout State) -> Int64 {
        let reading = Clock.reading()
        if let jump = state.clockWatch.read(reading) { clockJumped(jump, &state) }
        return reading.wall
    }

    private func clockJumped(_ jump: ClockWatch.Jump, _ state: inout State) {
        state.clockJump += jump.by
        state.dispatcher.clockJumped(by: jump.by)
        state.relay.clockJumped(by: jump.by, now: jump.to)
        for (index, change) in state.changes.enumerated() {
            guard case .postponed(let id, var item, let code, let error) = change, jump.by < 0, item.waitsForRepeat else {
                continue
            }
            item.availableAt = max(jump.to, item.availableAt + jump.by)
            state.changes[index] = .postponed(id: id, item, code: code, error: error)
        }
        state.schedule.clockJumped(by: jump.by)
        state.accountIsStale = true
        // Retention would delete by a clock that may be set back at once.
        let steady = Clock.steady()
        if steady >= state.pruneAt { state.clockLead = 0 }
        state.clockLead = max(0, state.clockLead + jump.by)
        state.pruneAt = steady + Self.pruneRest
        guard jump.by < 0 else {
            state.clockWalk = nil
            return
        }
        walk(horizon: max(jump.horizon, state.clockWalk?.horizon ?? 0), &state)
    }

    /// The file has times that lie in the future: the clock was set back while no consumer ran.
    ///
    /// - Parameter horizon: the newest of them.
    func clockIsBehind(_ horizon: Int64) {
        state.withLock { state in
            state.clockJump += time(&state) - horizon
            state.accountIsStale = true
            walk(horizon: horizon, &state)
        }
    }

    private func walk(horizon: Int64, _ state: inout State) {
        state.clockWalks += 1
        state.clockWalk = ClockWalk(number: state.clockWalks, horizon: horizon)
    }

    /// Tells of a clock that was set.
    func announceClock() {
        let jump = state.withLock { state in
            defer { state.clockJump = 0 }
            return state.clockJump
        }
        if abs(jump) > ClockWatch.least { onEvent(.clockJumped(by: .milliseconds((jump / 1_000).rounded(to: 100)))) }
    }

    // MARK: On the writer's thread

    /// How much longer than its window a key counts, and whether old ones may be forgotten: not by a clock that was just set.
    func forgetting() -> (slack: Int64, mayForget: Bool) {
        state.withLock { state in
            _ = time(&state)
            let rests = Clock.steady() < state.pruneAt
            return (rests ? state.clockLead : 0, !rests)
        }
    }

    /// What the file is to be brought to, if to anything, and how long a command waits at most.
    func clockWalk() -> (walk: ClockWalk, longestPause: Duration)? {
        let (walk, policy) = state.withLock { ($0.clockWalk, $0.relay.policy) }
        return walk.map { ($0, policy.longestPause) }
    }

    func followed(_ walk: ClockWalk?, _ state: inout State) {
        guard let walk, state.clockWalk?.number == walk.number else { return }
        state.clockWalk = walk.isOver ? nil : walk
        guard walk.isOver else { return }
        // What is in memory is compared with the file as if somebody else had changed all of it.
        state.seenChanges = ChangeMark.Versions(journal: -1, commands: -1, newCommands: -1, records: -1)
        state.mustLookAgain = true
    }

    /// Deleting by age rests for so long after the clock was set, in microseconds.
    private static var pruneRest: Int64 { 600_000_000 }
}

extension Int64 {
    fileprivate func rounded(to unit: Int64) -> Int64 { (self + (self < 0 ? -unit : unit) / 2) / unit * unit }
}
