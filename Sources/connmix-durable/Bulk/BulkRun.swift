import ConnmixDurable

/// Counts, asks, writes down, works: what every bulk verb does.
struct BulkRun {
    let database: DatabaseOptions
    let output: OutputOptions
    let options: BulkOptions
    let work: BulkWork
    private let canary: CanaryOptions?

    init(
        _ verb: OperatorVerb, on ledger: Ledger, database: DatabaseOptions, output: OutputOptions, options: BulkOptions,
        canary: CanaryOptions?, again: Bool = false
    ) throws {
        self.database = database
        self.output = output
        self.options = options
        self.canary = canary
        work = try BulkWork(database: database.database, verb, on: ledger, again: again)
    }

    /// - Parameter select: called where no action goes on.
    func run(_ select: (Inspector) throws -> BulkSelection) throws {
        let inspector = try database.inspector()
        if canary?.canary == true { try inspector.needConsumer() }
        if let action = options.resume {
            let record = try work.resume(action)
            let left = record.total - record.finished
            try consent(to: "Go on with action \(action), of which \(rows(left)) are left?", count: left)
            return try perform(action, total: record.total, before: record.finished, inspector)
        }
        let selection = try select(inspector)
        guard try confirmed(selection) else { return }
        Interruption.watch()
        let action = try work.plan(selection.ids, reason: options.reason, filter: selection.filter)
        try perform(action, total: selection.ids.count, before: 0, inspector)
    }

    /// Whether the selection is to be changed, and not only to be shown.
    ///
    /// - Throws: `Failure` where it is empty or nobody consents.
    func confirmed(_ selection: BulkSelection) throws -> Bool {
        guard try mayGoOn(selection) else { return false }
        try consent(selection)
        return true
    }

    /// Whether the selection is to be changed, if somebody consents, and somebody can.
    ///
    /// - Throws: `Failure` where it is empty or nobody can consent.
    func mayGoOn(_ selection: BulkSelection) throws -> Bool {
        guard selection.missing.isEmpty else {
            let names = selection.missing.prefix(10).map { "\($0)" }.joined(separator: ", ")
            throw Failure(.failed, "the \(work.ledger) has no \(work.ledger.row) \(names); nothing was changed")
        }
        guard !selection.ids.isEmpty else { throw Failure(.failed, "no \(work.ledger.row) matches; nothing was changed") }
        let count = selection.ids.count
        if options.dryRun {
            try StandardOutput().write(ids: selection.ids, asJSON: output.json)
            StandardError.write(line: "\(rows(count)) would be \(work.verb.past); nothing was changed")
            return false
        }
        try Question.check(toDo: "\(rows(count)) would be \(work.verb.past)", isGiven: options.yes)
        return true
    }

    /// - Throws: `Failure` where nobody consents.
    func consent(_ selection: BulkSelection) throws {
        let count = selection.ids.count
        try consent(to: "\(work.verb.asQuestion) \(rows(count))?", count: count)
    }

    // MARK: -

    private func rows(_ count: Int) -> String { work.ledger.rows(count) }

    private func consent(to question: String, count: Int) throws {
        try Question.consent(to: question, toDo: "\(rows(count)) would be \(work.verb.past)", isGiven: options.yes)
    }

    private func perform(_ action: Int64, total: Int, before: Int, _ inspector: Inspector) throws {
        var parts = VerbParts(
            work, action, total: total, steps: canary?.steps, inspector: inspector, reportsStop: !output.json)
        _ = try BulkLoop(total: total, before: before, rate: options.rate).run(&parts)
        if work.verb == .prune { try work.forget(action) }
        try BulkReport(work, parts.report, total: total - before).write(json: output.json)
        if parts.report.applied.isEmpty { throw Failure(.failed, "nothing was changed") }
    }
}
