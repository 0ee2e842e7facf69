/// What is said of this run without a commit, at the moment it becomes so.
extension ConsumerCore {
    /// Messages were read: they are at risk until `journaled`.
    func arrived(_ messages: [ReceivedMessage]) -> Intake.Change? {
        changeIntake { $0.arrived(messages) }
    }

    /// Messages are in the file.
    func journaled(_ messages: [ReceivedMessage]) -> Intake.Change? {
        guard !messages.isEmpty else { return intake.withLock { $0.committed(messages) } }
        return changeIntake { $0.committed(messages) }
    }

    /// Said under the one lock, so that of two changes the later one is what stays said. Whoever takes metrics is not ours to wait for
    /// there: of two that are told at once the wrong one may come last, until `confirmAccount`.
    func changeIntake(_ body: (inout Intake) -> Intake.Change?) -> Intake.Change? {
        let (change, atRisk, highWater) = intake.withLock { intake in
            let change = body(&intake)
            live.note(atRisk: intake.atRisk, high: intake.highWater)
            return (change, intake.atRisk, intake.highWater)
        }
        metrics.observe(atRisk: atRisk, highWater: highWater)
        return change
    }

    /// What was said still holds.
    func confirmAccount(now: Int64) {
        live.confirm(now: now)
        guard metrics.isOn else { return }
        let (atRisk, highWater) = intake.withLock { ($0.atRisk, $0.highWater) }
        metrics.observe(atRisk: atRisk, highWater: highWater)
    }

    /// Runs a closure of the user for the entry on the writer's thread: it may end the process like a handler.
    func onWriter<T>(_ entry: Int64, _ body: () throws -> T) rethrows -> T {
        try usersCode.run(.writes(entry: entry)) { try live.onWriter(entry, body) }
    }
}
