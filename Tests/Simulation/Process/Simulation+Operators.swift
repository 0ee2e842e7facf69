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

    private func operate(_ dice: inout Dice) throws {
        let journal = try JournalOperator(database: database, actor: "simulation")
        let outbox = try OutboxOperator(database: database, actor: "simulation")
        func withEntries(_ sql: String, _ body: ([Int64]) throws -> OperatorReport) throws {
            let ids = some(sql, &dice)
            guard !ids.isEmpty else { return }
            checker.touched(entries: ids)
            let report = try body(ids)
            world.note("operator: \(report.action) on entries \(ids)")
            if dice.happens(oneIn: 4) { _ = try? journal.undo(report.action) }
        }
        func withCommands(_ sql: String, _ body: ([Int64]) throws -> OperatorReport) throws {
            let ids = some(sql, &dice)
            guard !ids.isEmpty else { return }
            checker.touched(commands: ids)
            let report = try body(ids)
            world.note("operator: \(report.action) on commands \(ids)")
            if dice.happens(oneIn: 4) { _ = try? outbox.undo(report.action) }
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
        case 5: try withCommands("SELECT id FROM outbox WHERE state = 2 ORDER BY id DESC LIMIT 12") { try outbox.cancel($0) }
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
