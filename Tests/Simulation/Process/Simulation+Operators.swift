internal import ConnmixDurable

/// What people do with the file meanwhile, by the real verbs, as a process of their own.
extension Simulation {
    func operate(seed: UInt64) {
        guard checker.look({ _ in true }) == true else { return }
        var dice = Dice(seed: seed)
        engineRecord.saw(.operatorVerb)
        do {
            try disk.sparing { try operate(&dice) }
        } catch let error as ConnmixError where [.busy, .notFound, .badData].contains(error.code) {
            world.note("operator: \(error)")
        } catch {
            checker.violated("an operator's verb failed: \(error)")
        }
        checker.scan()
    }

    private func some(_ sql: String, _ dice: inout Dice) -> [Int64] {
        let all = checker.look { try $0.rows(sql).compactMap(\.first) } ?? []
        return all.filter { _ in dice.happens(oneIn: 2) }.prefix(6).map { $0 }
    }

    /// Only what a verb has changed, by its report and by the file, is an operator's: the end of a verb that fails is that nothing is.
    private func changing(
        _ table: String, _ ids: [Int64], _ verb: () throws -> OperatorReport, _ touch: ([Int64]) -> Void
    ) throws -> OperatorReport {
        func rows() -> [Int64: [Int64]] {
            var rows: [Int64: [Int64]] = [:]
            for id in ids {
                let found = checker.look { try $0.rows("SELECT state, attempts, state_at FROM \(table) WHERE id = ?1", [id]) }
                rows[id] = found?.first
            }
            return rows
        }
        let before = rows()
        let report = try verb()
        let after = rows()
        // New entries are known before they are touched.
        checker.scan()
        let applied = Set(report.applied + report.replays)
        touch(ids.filter { applied.contains($0) && before[$0] != after[$0] })
        let unnamed = ids.filter { !applied.contains($0) && before[$0] != after[$0] }
        checker.hold("file", unnamed.isEmpty, "action \(report.action) changed rows \(unnamed), which its report does not name")
        return report
    }

    private func operate(_ dice: inout Dice) throws {
        let journal = try JournalOperator(database: database, actor: "simulation")
        let outbox = try OutboxOperator(database: database, actor: "simulation")
        func withEntries(_ sql: String, _ body: ([Int64]) throws -> OperatorReport) throws {
            let ids = some(sql, &dice)
            guard !ids.isEmpty else { return }
            let report = try changing("journal", ids, { try body(ids) }, checker.touched(entries:))
            world.note("operator: \(report.action) on entries \(ids)")
            guard dice.happens(oneIn: 4) else { return }
            _ = try? changing("journal", ids + report.replays, { try journal.undo(report.action) }, checker.touched(entries:))
        }
        func withCommands(_ sql: String, _ body: ([Int64]) throws -> OperatorReport) throws {
            let ids = some(sql, &dice)
            guard !ids.isEmpty else { return }
            let report = try changing("outbox", ids, { try body(ids) }, checker.touched(commands:))
            world.note("operator: \(report.action) on commands \(ids)")
            guard dice.happens(oneIn: 4) else { return }
            _ = try? changing("outbox", ids, { try outbox.undo(report.action) }, checker.touched(commands:))
        }
        switch dice.below(9) {
        case 0: try withEntries("SELECT id FROM journal WHERE state = 9 ORDER BY id DESC LIMIT 12") { try journal.retry($0) }
        case 1:
            try withEntries("SELECT id FROM journal WHERE state IN (8, 9) ORDER BY id DESC LIMIT 12") { try journal.replay($0) }
        case 2:
            try withEntries("SELECT id FROM journal WHERE state IN (2, 9) ORDER BY id DESC LIMIT 12") { try journal.discard($0) }
        case 3: try withEntries("SELECT id FROM journal WHERE state = 10 ORDER BY id DESC LIMIT 12") { try journal.restore($0) }
        case 4:
            try withCommands("SELECT id FROM outbox WHERE state IN (2, 9, 11) ORDER BY id DESC LIMIT 12") { try outbox.retry($0) }
        case 5:
            try withCommands("SELECT id FROM outbox WHERE state IN (2, 9) ORDER BY id DESC LIMIT 12") { try outbox.cancel($0) }
        case 6, 7:
            try journal.pause(topics: dice.happens(oneIn: 3) ? nil : [Self.topics[dice.below(2)]], intake: dice.happens(oneIn: 2))
            world.after(dice.time(500_000...60_000_000), .operatorVerb) { [unowned self] in resumeAll() }
        default: resumeAll()
        }
    }

    func resumeAll() {
        disk.sparing {
            guard checker.look({ _ in true }) == true, let journal = try? JournalOperator(database: database, actor: "simulation")
            else {
                return
            }
            // Where nothing is paused, it says so.
            _ = try? journal.resume()
        }
    }
}
