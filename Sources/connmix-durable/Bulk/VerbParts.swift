import ConnmixDurable

/// An action on rows that were written down, part by part; of a canary each step must have ended before the next begins.
struct VerbParts: BulkParts {
    private(set) var report: OperatorReport
    private let work: BulkWork
    private let action: Int64
    private let total: Int
    private let inspector: Inspector
    private let reportsStop: Bool
    private var steps: CanarySteps?

    /// - Parameter reportsStop: whether what was done is said, too, where the action stops early.
    init(_ work: BulkWork, _ action: Int64, total: Int, steps: CanarySteps?, inspector: Inspector, reportsStop: Bool) {
        self.work = work
        self.action = action
        self.total = total
        self.steps = steps
        self.inspector = inspector
        self.reportsStop = reportsStop
        report = OperatorReport(action: action)
    }

    var room: Int { min(BulkWork.partLimit, steps?.room ?? .max) }

    var lastWrite: WriteTimes { work.lastWrite }

    mutating func next(_ most: Int) throws -> Int? {
        guard let part = try work.work(action, limit: most, after: report.lastRow) else { return nil }
        report.add(part)
        let count = part.applied.count + part.skipped.count
        steps?.add(count, rows: work.verb == .replay ? part.replays : part.applied)
        return count
    }

    /// Waits until the rows of a canary's step have ended.
    ///
    /// - Throws: `Failure` where too many failed or nobody works on them.
    mutating func settle(isLast: Bool, note: (String) -> Void) throws {
        guard var step = steps, step.isFull || isLast else { return }
        var looked = ContinuousClock.now
        while true {
            let (open, failed) = try ends(step.rows)
            guard open > 0 else {
                let size = step.rows.count
                guard let percent = step.end(failed: failed) else { break }
                throw Failure(
                    .failed,
                    "\(failed) of a step of \(size) failed: \(Int(percent.rounded())) percent, and \(step.threshold) are allowed")
            }
            note("waiting for \(work.ledger.rows(open))")
            if ContinuousClock.now - looked > .seconds(1) {
                try inspector.needConsumer()
                looked = .now
            }
            try Interruption.pause(.milliseconds(50))
        }
        steps = step
    }

    func stop(after done: Int) throws -> BulkStop {
        try work.stop(action)
        if done > 0, reportsStop { try BulkReport(work, report, total: total).write(json: false) }
        return BulkStop(
            place: "action \(action) stopped after \(done) of \(work.ledger.rows(total))",
            advice: "go on with: \(work.command) --resume \(action)")
    }

    private func ends(_ rows: [Int64]) throws -> (open: Int, failed: Int) {
        switch work.ledger {
        case .journal: try JournalRecord.ends(inspector, of: rows)
        case .outbox: try OutboxRecord.ends(inspector, of: rows)
        }
    }
}

extension Inspector {
    /// - Throws: `Failure` where no consumer runs on the file.
    func needConsumer() throws {
        guard try status().consumer.isRunning else {
            throw Failure(
                .failed, "no consumer runs on this file, and --canary waits for what it does; start one, or leave it out")
        }
    }
}
