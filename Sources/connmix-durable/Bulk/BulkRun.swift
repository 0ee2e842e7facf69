import ConnmixDurable

/// Counts, asks, writes down, works: what every bulk verb does.
struct BulkRun {
    let database: DatabaseOptions
    let output: OutputOptions
    let options: BulkOptions
    let work: BulkWork
    var canary = CanaryOptions?.none

    /// What is meant.
    struct Selection {
        /// As JSON, for the record.
        let filter: String
        let ids: [Int64]
        /// Ids that were named one by one and are not there.
        let missing: [Int64]
    }

    init(
        _ verb: OperatorVerb, on ledger: Ledger, database: DatabaseOptions, output: OutputOptions, options: BulkOptions,
        canary: CanaryOptions? = nil
    ) throws {
        self.database = database
        self.output = output
        self.options = options
        self.canary = canary
        work = try BulkWork(database: database.database, verb, on: ledger)
    }

    /// - Parameter select: called where no action goes on.
    func run(_ select: (Inspector) throws -> Selection) throws {
        let inspector = try database.inspector()
        if canary?.canary == true { try Self.needConsumer(inspector) }
        if let action = options.resume {
            let record = try work.resume(action)
            let left = record.total - record.finished
            guard try consent(to: "Go on with action \(action), of which \(work.rows(left)) are left?", count: left) else {
                return
            }
            return try perform(action, total: record.total, before: record.finished, inspector)
        }
        let selection = try select(inspector)
        guard try confirmed(selection) else { return }
        Interruption.watch()
        let action = try work.plan(selection.ids, reason: options.reason, filter: selection.filter)
        try perform(action, total: selection.ids.count, before: 0, inspector)
    }

    /// Whether the selection may be changed: it is not empty, not only to be shown, and was consented to.
    func confirmed(_ selection: Selection) throws -> Bool {
        guard selection.missing.isEmpty else {
            let names = selection.missing.prefix(10).map { "\($0)" }.joined(separator: ", ")
            throw Failure(.failed, "the \(work.ledger) has no \(work.row) \(names); nothing was changed")
        }
        guard !selection.ids.isEmpty else { throw Failure(.failed, "no \(work.row) matches; nothing was changed") }
        if options.dryRun {
            try show(selection.ids)
            return false
        }
        return try consent(
            to: "\(work.verb.asQuestion) \(work.rows(selection.ids.count))?", count: selection.ids.count)
    }

    static func needConsumer(_ inspector: Inspector) throws {
        guard try inspector.status().consumer.isRunning else {
            throw Failure(
                .failed, "no consumer runs on this file, and --canary waits for what it does; start one, or leave it out")
        }
    }

    // MARK: -

    private func show(_ ids: [Int64]) throws {
        for page in stride(from: 0, to: ids.count, by: 1_000) {
            let ids = ids[page..<min(page + 1_000, ids.count)]
            if output.json {
                try StandardOutput().write(
                    ids.flatMap { id in
                        JSONWriter.line {
                            $0.key("id"); $0.integer(id)
                        }
                    })
            } else {
                try StandardOutput().write(ids.map { "\($0)\n" }.joined())
            }
        }
        StandardError.write(line: "\(work.rows(ids.count)) would be \(work.verb.past); nothing was changed")
    }

    private func consent(to question: String, count: Int) throws -> Bool {
        if options.yes { return true }
        guard Question.canBeAsked else {
            throw Failure(
                .usage,
                "\(work.rows(count)) would be \(work.verb.past), and nobody can be asked; say --yes, or look with --dry-run")
        }
        guard try Question.ask(question) else { throw Failure(.failed, "nothing was changed") }
        return true
    }

    private func perform(_ action: Int64, total: Int, before: Int, _ inspector: Inspector) throws {
        Interruption.watch()
        let start = ContinuousClock.now
        var bar = ProgressBar(total: total, before: before, now: start)
        var pace = Pace(options.rate)
        var steps = canary?.steps
        var report = OperatorReport(action: action)
        var done = before
        defer { bar.clear() }
        do {
            while done < total {
                try Interruption.check()
                let most = min(BulkWork.partLimit, steps?.room ?? .max)
                guard let part = try work.work(action, limit: pace.allowance(most: most), after: report.lastRow) else { break }
                report.add(part)
                let count = part.applied.count + part.skipped.count
                done += count
                bar.show(done)
                steps?.add(count, rows: work.verb == .replay ? part.replays : part.applied)
                if var current = steps, current.isFull || done >= total {
                    try waitForEnd(of: &current, inspector) { bar.show(done, note: $0) }
                    steps = current
                }
                guard done < total else { break }
                try Interruption.pause(pace.pause(after: count, elapsed: .now - start, work.lastWrite))
            }
        } catch {
            bar.clear()
            throw try stopped(report, error, done: done, total: total)
        }
        bar.clear()
        if work.verb == .prune { try work.forget(action) }
        try BulkReport(work, report, total: total - before).write(json: output.json)
        if report.applied.isEmpty { throw Failure(.failed, "nothing was changed") }
    }

    /// Waits until the rows of a canary's step have ended.
    ///
    /// - Throws: `Failure` where too many failed or nobody works on them.
    private func waitForEnd(of step: inout CanarySteps, _ inspector: Inspector, _ note: (String) -> Void) throws {
        var looked = ContinuousClock.now
        while true {
            let (open, failed) = try ends(step.rows, inspector)
            guard open > 0 else {
                let (size, count) = (step.rows.count, failed)
                guard let percent = step.end(failed: failed) else { return }
                throw Failure(
                    .failed,
                    "\(count) of a step of \(size) failed: \(Int(percent.rounded())) percent, and \(step.threshold) are allowed")
            }
            note("waiting for \(work.rows(open))")
            if ContinuousClock.now - looked > .seconds(1) {
                try Self.needConsumer(inspector)
                looked = .now
            }
            try Interruption.pause(.milliseconds(50))
        }
    }

    private func ends(_ rows: [Int64], _ inspector: Inspector) throws -> (open: Int, failed: Int) {
        switch work.ledger {
        case .journal:
            let states = try inspector.entryStates(rows).values
            return (states.count { $0 == .pending || $0 == .running }, states.count { $0 == .dead })
        case .outbox:
            let states = try inspector.commandStates(rows).values
            return (states.count { $0 == .pending }, states.count { $0 == .dead || $0 == .expired || $0 == .unknown })
        }
    }

    /// What to say of an action that ends early; it is noted as stopped.
    private func stopped(_ report: OperatorReport, _ error: any Error, done: Int, total: Int) throws -> Failure {
        try work.stop(report.action)
        if done > 0, !output.json { try BulkReport(work, report, total: total).write(json: false) }
        let advice = "go on with: \(work.command) --resume \(report.action)"
        let place = "action \(report.action) stopped after \(done) of \(work.rows(total))"
        switch error {
        case is CancellationError: return Failure(.interrupted, "\(place); \(advice)")
        case let error as Failure: return Failure(error.exit, "\(error.message); \(place); \(advice)")
        case let error as ConnmixError: return Failure(Exit(error.code), "\(error.message); \(place); \(advice)")
        default: throw error
        }
    }
}
