import Testing

@testable import ConnmixDurable

@Suite("operators")
struct OperatorTests {
    private struct Row: Equatable {
        var state: EntryState?
        var attempts: Int64
        var stateAt: Int64
    }

    private func row(_ store: Store, _ id: Int64) throws -> Row {
        try store.read { connection in
            let select = try connection.statement("SELECT state, attempts, state_at FROM journal WHERE id = ?1")
            select.bind(1, id)
            return try select.first { Row(state: EntryState(rawValue: $0.int(0)), attempts: $0.int(1), stateAt: $0.int(2)) }
                ?? Row(state: nil, attempts: 0, stateAt: 0)
        }
    }

    private func attempt(_ number: Int) -> FailedAttempt {
        FailedAttempt(number: number, outcome: .failed, startedAt: 1, endedAt: 2, error: "e")
    }

    /// 1 done, 2 dead, 3 waits for a retry, 4 pending, 5 running.
    private func withJournal(_ body: (Store, JournalOperator) async throws -> Void) async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for _ in 0..<3 { _ = try transaction.addEntry(.running) }
                _ = try transaction.addEntry(.pending)
                _ = try transaction.addEntry(.running)
                try JournalTable.finish(transaction, ids: [1])
                try JournalTable.bury(transaction, id: 2, attempt: attempt(1), run: 1)
                try JournalTable.retry(
                    transaction, id: 3, availableAt: transaction.now + 3_600_000_000, attempt: attempt(1), run: 1)
            }
            try await body(store, JournalOperator(database: store.path, actor: "ops"))
            let (kept, counted) = try await store.writer.write { try $0.counters(.journal) }
            #expect(kept == counted)
        }
    }

    @Test("retry: dead entries with all their attempts, waiting ones now; the others are named with the reason")
    func retry() async throws {
        try await withJournal { store, journal in
            let waiting = try row(store, 3)
            let dead = try row(store, 2)
            let report = try journal.retry([5, 4, 3, 2, 2, 1, 99], reason: "fixed")
            #expect(report.applied == [2, 3])
            #expect(
                report.skipped == [
                    .init(id: 1, why: .wrongState("done")), .init(id: 4, why: .isDueAlready),
                    .init(id: 5, why: .wrongState("running")), .init(id: 99, why: .notFound),
                ])
            let now = try row(store, 2).stateAt
            #expect(try row(store, 2) == Row(state: .pending, attempts: 0, stateAt: now))
            #expect(try row(store, 3) == Row(state: .pending, attempts: 1, stateAt: now))
            let undo = try journal.undo(report.action)
            #expect(undo.applied == [2, 3])
            #expect(try row(store, 2) == dead)
            #expect(try row(store, 3) == waiting)
        }
    }

    @Test("the head of a parked lane: skip, retry and discard open the lane, undo parks it again")
    func parkedHead() async throws {
        try await withJournal { store, journal in
            func park() async throws {
                try await store.writer.write { transaction in
                    try ParkedLanes.park(transaction, lane: "c", entry: 2, reason: "e")
                }
            }
            func heads() throws -> [Int64] { try Inspector(database: store.path).parkedLanes().map(\.entry) }
            try await park()
            #expect(throws: ConnmixError.self) { try journal.skip(lanes: ["c", "nobody"]) }
            #expect(try heads() == [2])

            let skip = try journal.skip(lanes: ["c"], reason: "known")
            #expect(skip.applied == [2])
            #expect(try heads() == [])
            #expect(try row(store, 2).state == .dead)
            #expect(try journal.undo(skip.action).applied == [2])
            #expect(try heads() == [2])

            for open in [{ try journal.retry([2]) }, { try journal.discard([2]) }] {
                let report = try open()
                #expect(try heads() == [])
                #expect(try journal.undo(report.action).applied == [2])
                #expect(try heads() == [2])
                #expect(try row(store, 2).state == .dead)
            }
            let release = try journal.release(lanes: ["c"])
            #expect(release.applied == [2])
            #expect(try row(store, 2).state == .pending)
            #expect(try heads() == [])
        }
    }

    @Test("discard and restore, and what undo makes of each")
    func discard() async throws {
        try await withJournal { store, journal in
            let before = try (1...5).map { try row(store, $0) }
            let discard = try journal.discard([1, 2, 3, 4, 5], reason: "spam")
            #expect(discard.applied == [2, 3, 4])
            #expect(discard.skipped == [.init(id: 1, why: .wrongState("done")), .init(id: 5, why: .wrongState("running"))])
            let restore = try journal.restore([2, 4, 5])
            #expect(restore.applied == [2, 4])
            #expect(try row(store, 2).attempts == 0)
            // Restored since: the discard can be undone for 3 only, then for the others when the restore is undone.
            let first = try journal.undo(discard.action)
            #expect(first.applied == [3])
            #expect(first.skipped == [.init(id: 2, why: .changed("pending")), .init(id: 4, why: .changed("pending"))])
            _ = try journal.undo(restore.action)
            #expect(try journal.undo(discard.action).applied == [2, 4])
            #expect(try (1...5).map { try row(store, $0) } == before)
            let error = #expect(throws: ConnmixError.self) { try journal.undo(discard.action) }
            #expect(error?.code == .badData)
        }
    }

    @Test("replay: a new entry with the old one's facts, linked to it; undone while it is pending")
    func replay() async throws {
        try await withJournal { store, journal in
            let report = try journal.replay([1, 2, 99])
            #expect(report.applied == [1, 2])
            #expect(report.replays == [6, 7])
            #expect(report.skipped == [.init(id: 99, why: .notFound)])
            let edited = try journal.replay([1], payload: Array(#"{"a":1}"#.utf8), reason: "price was wrong")
            let detail = try Inspector(database: store.path).entry(edited.replays[0])
            #expect(detail.entry.replayOf == 1)
            #expect(detail.entry.data == Array(#"{"a":1}"#.utf8))
            #expect(detail.entry.state == .pending)
            #expect(try Inspector(database: store.path).entry(1).replays == [6, 8])
            #expect(try Inspector(database: store.path).entry(6).entry.data == Array("{}".utf8))
            _ = try await store.writer.write { try JournalTable.claim($0, ids: [6], run: 1) }
            let undo = try journal.undo(report.action)
            #expect(undo.applied == [2])
            #expect(undo.replays == [7])
            #expect(undo.skipped == [.init(id: 1, why: .replayChanged(entry: 6, state: "running"))])
            #expect(try row(store, 7).state == .discarded)
            #expect(try row(store, 1).state == .done)
        }
    }

    @Test("a dead entry is replayed once: it is not dead any more, and is taken again only where somebody insists")
    func replayed() async throws {
        try await withJournal { store, journal in
            let dead = try row(store, 2)
            let first = try journal.replay([2])
            #expect(first.replays == [6])
            #expect(try row(store, 2) == Row(state: .replayed, attempts: 1, stateAt: try row(store, 6).stateAt))
            let why = OperatorReport.Why.wrongState("replayed")
            #expect(try journal.replay([2]).skipped == [.init(id: 2, why: why)])
            #expect(try journal.retry([2]).skipped == [.init(id: 2, why: why)])
            #expect(try journal.discard([2]).skipped == [.init(id: 2, why: why)])
            #expect(try Inspector(database: store.path).causes(since: 0).map(\.messages) == [1])  // entry 3
            // While another replay stands in its place it is not dead.
            let second = try journal.replay([2], again: true)
            #expect(second.replays == [7])
            #expect(try journal.undo(first.action).replays == [6])
            #expect(try row(store, 2).state == .replayed)
            #expect(try row(store, 6).state == .discarded)
            #expect(try journal.undo(second.action).replays == [7])
            #expect(try row(store, 2).state == .dead)
            // Undone, it is as it was; and once the replay has run, the undo says so.
            let third = try journal.replay([2])
            _ = try journal.undo(third.action)
            #expect(try row(store, 2).stateAt >= dead.stateAt)
            let last = try journal.replay([2])
            _ = try await store.writer.write { transaction in
                _ = try JournalTable.claim(transaction, ids: [9], run: 1)
                try JournalTable.finish(transaction, ids: [9])
            }
            let late = try journal.undo(last.action)
            #expect(late.skipped == [.init(id: 2, why: .replayChanged(entry: 9, state: "done"))])
            #expect("\(late.skipped[0].why)" == "its replay, entry 9, is done")
            #expect(try row(store, 2).state == .replayed)
        }
    }

    @Test("an entry whose first replay was done and pruned stays replayed when a second one is undone")
    func replayedAndPruned() async throws {
        try await withJournal { store, journal in
            let first = try #require(try journal.replay([2]).replays.first)
            let second = try journal.replay([2], again: true)
            _ = try await store.writer.write { transaction in
                _ = try JournalTable.claim(transaction, ids: [first], run: 1)
                try JournalTable.finish(transaction, ids: [first])
                try transaction.connection.execute("DELETE FROM journal WHERE id = \(first)")
                transaction.count(1, from: EntryState.done.rawValue, to: nil, in: .journal)
            }
            _ = try journal.undo(second.action)
            #expect(try row(store, 2).state == .replayed)
        }
    }

    @Test("a replay that an operator put aside makes its original dead again when the action is undone")
    func discardedReplay() async throws {
        try await withJournal { store, journal in
            let dead = try row(store, 2)
            let replay = try journal.replay([1, 2])
            _ = try journal.discard(replay.replays)
            let undo = try journal.undo(replay.action)
            #expect(undo.applied == [2])
            #expect(undo.skipped == [.init(id: 1, why: .replayChanged(entry: 6, state: "discarded"))])
            #expect(try row(store, 2) == dead)
        }
    }

    @Test("the dead head of a parked lane that is replayed opens the lane; undo parks it again")
    func replayedHead() async throws {
        try await withJournal { store, journal in
            try await store.writer.write { try ParkedLanes.park($0, lane: "c", entry: 2, reason: "e") }
            func heads() throws -> [Int64] { try Inspector(database: store.path).parkedLanes().map(\.entry) }
            let replay = try journal.replay([2], payload: Array("1".utf8))
            #expect(try row(store, 2).state == .replayed)
            #expect(try heads() == [])
            #expect(throws: ConnmixError.self) { try journal.release(lanes: ["c"]) }
            let problems = try DatabaseMaintenance(database: store.path).check().problems
            #expect(!problems.contains { $0.contains("lanes") }, "\(problems)")
            #expect(try journal.undo(replay.action).applied == [2])
            #expect(try row(store, 2).state == .dead)
            #expect(try heads() == [2])
        }
    }

    @Test("the head of a parked lane that an earlier version replayed: skip and release open the lane, and it stays replayed")
    func replayedHeadOfEarlierVersions() async throws {
        try await withJournal { store, journal in
            let replay = try journal.replay([2])
            try await store.writer.write { try ParkedLanes.park($0, lane: "c", entry: 2, reason: "e") }
            func heads() throws -> [Int64] { try Inspector(database: store.path).parkedLanes().map(\.entry) }
            for open in [{ try journal.skip(lanes: ["c"]) }, { try journal.release(lanes: ["c"]) }] {
                let report = try open()
                #expect(report.applied == [2])
                #expect(try heads() == [])
                #expect(try row(store, 2).state == .replayed)
                #expect(try journal.undo(report.action).applied == [2])
                #expect(try heads() == [2])
            }
            #expect(try journal.undo(replay.action).applied == [2])
            #expect(try row(store, 2).state == .dead)
            #expect(try heads() == [2])
        }
    }

    @Test("what cannot be meant is refused, and leaves no action behind")
    func refused() async throws {
        try await withJournal { store, journal in
            for payload in ["{", "", "{} {}"] {
                let error = #expect(throws: ConnmixError.self) { try journal.replay([1], payload: Array(payload.utf8)) }
                #expect(error?.code == .badData)
            }
            #expect(throws: ConnmixError.self) { try journal.replay([1], payload: [0x22, 0xFF, 0x22]) }
            #expect(throws: ConnmixError.self) { try journal.replay([1, 2], payload: Array("1".utf8)) }
            #expect(throws: ConnmixError.self) { try journal.retry([]) }
            #expect(#expect(throws: ConnmixError.self) { try journal.undo(1) }?.code == .notFound)
            #expect(try journal.actions().isEmpty)
            let report = try journal.retry([2])
            let undo = try journal.undo(report.action)
            #expect(#expect(throws: ConnmixError.self) { try journal.undo(undo.action) }?.code == .badData)
        }
    }

    @Test("every action is recorded: who, why, what, and each entry as it was before")
    func recorded() async throws {
        try await withJournal { store, journal in
            let report = try journal.discard([1, 2], reason: "spam'); DROP TABLE action; --")
            _ = try JournalOperator(database: store.path).undo(report.action)
            let actions = try journal.actions()
            #expect(actions.map(\.verb) == ["undo", "discard"])
            #expect(actions.map(\.state) == [.finished, .undone])
            #expect(actions[1].actor == "ops")
            #expect(actions[1].reason == "spam'); DROP TABLE action; --")
            #expect(actions[1].selection == #"{"first":1,"last":2,"count":2}"#)
            #expect(actions[1].total == 2 && actions[1].finished == 2)
            #expect(actions[1].endedAt != nil)
            #expect(actions[0].actor.contains("(process "))
            #expect(actions[0].selection == #"{"action":1}"#)
            let items = try store.read {
                try $0.text(
                    "SELECT group_concat(row || ':' || state || ':' || ifnull(before, '-'), ' ') FROM action_item WHERE action = 1"
                )
            }
            #expect(items.hasPrefix(#"1:2:- 2:3:{"state":9,"attempts":1,"state_at":"#), "\(items)")
        }
    }

    @Test("long lists are worked in slices, and undone in slices")
    func slices() async throws {
        try await withStore { store in
            let ids = try await store.writer.write { transaction in
                try (0..<1_203).map { _ in try transaction.addEntry(.pending) }
            }
            let journal = try JournalOperator(database: store.path)
            let report = try journal.discard(ids)
            #expect(report.applied == ids)
            #expect(try journal.actions().map(\.finished) == [1_203])
            let (kept, counted) = try await store.writer.write { try $0.counters(.journal) }
            #expect(kept == counted)
            #expect(counted == [EntryState.discarded.rawValue: 1_203])
            #expect(try journal.undo(report.action).applied == ids)
            let after = try await store.writer.write { try $0.counters(.journal) }
            #expect(after.kept == after.counted)
            #expect(after.counted == [EntryState.pending.rawValue: 1_203])
        }
    }

    @Test("P2: a claim takes what still waits, and names what does not")
    func claims() async throws {
        try await withJournal { store, journal in
            try await store.writer.write { transaction in
                for _ in 0..<6 { _ = try transaction.addEntry() }  // 6 to 11
            }
            try journal.discard([7, 9])
            let lost = try await store.writer.write { transaction in
                try JournalTable.claim(transaction, ids: [4, 6, 7, 8, 9, 10], run: 2)
            }
            #expect(lost == [7, 9])
            #expect(try row(store, 8).state == .running)
            #expect(try row(store, 9).state == .discarded)
            try journal.discard([11])
            #expect(try await store.writer.write { try JournalTable.claim($0, ids: [11], run: 2) } == [11])
            let (waiting, gone) = try store.read { try JournalTable.recheck($0, ids: [3, 5, 9, 99]) }
            #expect(waiting.map(\.id) == [3])
            #expect(gone == [9, 99])
        }
    }
}
