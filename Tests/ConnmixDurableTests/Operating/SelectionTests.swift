import Testing

@testable import ConnmixDurable

@Suite("selections and causes")
struct SelectionTests {
    @Test(
        "errors that differ in what is different each time have one name",
        arguments: [
            ("order 17 not found", "order # not found"), ("a1b22c", "a#b#c"), ("", ""),
            ("request 550e8400-e29b-41d4-a716-446655440000", "request #-e#b-#d#-a#-#"),
            ("object 0xdeadbeef12 at 10.0.0.7:80", "object #xdeadbeef# at #.#.#.#:#"),
            ("deadbeef and 00ff00ff00", "deadbeef and #"), ("價格 42", "價格 #"),
        ])
    func names(error: String, name: String) {
        #expect(FailureCause.name(of: error) == name)
    }

    @Test("a message counts once, for its last failure; attempts count for theirs")
    func tally() {
        var tally = CauseTally()
        tally.add(entry: 1, at: 10, error: "timeout after 5 s")
        tally.add(entry: 1, at: 20, error: "timeout after 6 s")
        tally.add(entry: 2, at: 30, error: "timeout after 5 s")
        tally.add(entry: 2, at: 40, error: "no such order")
        tally.isDead(2)
        let causes = tally.causes
        #expect(causes.map(\.name) == ["timeout after # s", "no such order"])
        #expect(causes.map(\.messages) == [1, 1])
        #expect(causes.map(\.attempts) == [3, 1])
        #expect(causes.map(\.dead) == [0, 1])
        #expect(causes[0].firstSeen == 10 && causes[0].lastSeen == 30)
        #expect(causes[0].example == 2 && causes[0].error == "timeout after 5 s")
        // Whose only message failed for something else later is none.
        tally.add(entry: 1, at: 50, error: "no such order")
        #expect(tally.causes.map(\.name) == ["no such order"])
    }

    @Test(
        "named ids are looked up, and ranges of them walked from the first to the last, never the whole table",
        arguments: [
            ([5...5], [5]), ([9...9, 3...3, 3...3], [3, 9]), ([3...3, 4...4, 5...5], [3, 4, 5]),
            ([7...9, 1...2, 2...4], [1, 2, 3, 4, 7, 8, 9]), ([8...Int64.max, 2...2, 0...1], [1, 2, 8, 9, 10]),
            ([Int64.min...Int64.max], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ] as [([ClosedRange<Int64>], [Int64])])
    func namedIDs(ranges: [ClosedRange<Int64>], found: [Int64]) async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for _ in 1...10 { _ = try transaction.addEntry(.running) }
            }
            try store.read { connection in
                var query = Query()
                query.add("id", in: ranges)
                #expect(try query.ids(connection, "SELECT id FROM journal", order: "ORDER BY id") == found)
                let plan = try query.prepare(
                    connection, "EXPLAIN QUERY PLAN SELECT topic FROM journal", order: "ORDER BY id", limit: 10)
                #expect(try plan.first { $0.text(3) }?.hasPrefix("SEARCH") == true)
            }
        }
    }

    @Test("ids are found in either order, across windows, with a limit, and by the indexes")
    func selection() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for _ in 0..<6 { _ = try transaction.addEntry(.running) }
                for id in [2, 4, 5] as [Int64] {
                    try JournalTable.bury(
                        transaction, id: id,
                        attempt: FailedAttempt(number: 1, outcome: .failed, startedAt: 1, endedAt: 2, error: "e\(id)"), run: 1)
                }
                // Far away: several windows lie between.
                try transaction.connection.execute("UPDATE journal SET id = 123456 WHERE id = 6")
                try transaction.connection.execute("UPDATE journal SET id = 99999 WHERE id = 5")
            }
            let inspector = try Inspector(database: store.path)
            var filter = JournalFilter()
            (filter.states, filter.limit, filter.order) = ([.dead], 0, .oldest)
            #expect(try inspector.entryIDs(filter) == [2, 4, 99_999])
            (filter.limit, filter.order) = (2, .newest)
            #expect(try inspector.entryIDs(filter) == [99_999, 4])
            (filter.states, filter.limit, filter.ids) = ([.dead, .running], 0, [3...200_000])
            #expect(try inspector.entryIDs(filter) == [123_456, 99_999, 4, 3])
            filter.ids = [200_000...300_000]
            #expect(try inspector.entryIDs(filter) == [])
            for (sql, index) in [
                (
                    "SELECT id FROM journal WHERE state > 8 AND state IN (9) AND id BETWEEN 1 AND 5 ORDER BY id",
                    "COVERING INDEX journal_troubled"
                ),
                (
                    """
                    SELECT id, state = 9, attempts, received_at FROM journal
                    WHERE state > 8 AND id < 9 ORDER BY id DESC LIMIT 5
                    """, "COVERING INDEX journal_troubled"
                ),
                (
                    "SELECT 1 FROM journal INDEXED BY journal_troubled WHERE id = 5 AND state > 8 AND state = 9",
                    "COVERING INDEX journal_troubled"
                ),
                ("SELECT id FROM journal WHERE state < 8 AND state IN (2) AND id BETWEEN 1 AND 5 ORDER BY id", "journal_open"),
                ("SELECT id FROM outbox WHERE state > 8 AND state IN (9) AND id BETWEEN 1 AND 5 ORDER BY id", "outbox_troubled"),
                (
                    """
                    SELECT error FROM attempt WHERE (ended_at, entry, number) > (1, 2, 3) AND ended_at < 9
                    ORDER BY ended_at, entry, number LIMIT 5
                    """, "attempt_by_time"
                ),
            ] {
                let plan = try store.read { try $0.prepare("EXPLAIN QUERY PLAN " + sql).first { $0.text(3) } ?? "" }
                #expect(plan.contains(index) && !plan.contains("TEMP B-TREE"), "\(plan)")
            }
        }
    }

    @Test("prune keeps the newest row, heads of parked lanes, and what is not finished; the counters stay right")
    func prune() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for _ in 0..<5 { _ = try transaction.addEntry(.running) }
                try JournalTable.finish(transaction, ids: [1, 5])
                for id in [2, 3] as [Int64] {
                    try JournalTable.bury(
                        transaction, id: id,
                        attempt: FailedAttempt(number: 1, outcome: .failed, startedAt: 1, endedAt: 2, error: "e"), run: 1)
                }
                try ParkedLanes.park(transaction, lane: "c", entry: 3, reason: "e")
            }
            let work = try BulkWork(database: store.path, .prune, on: .journal)
            let action = try work.plan([1, 2, 3, 4, 5, 9], reason: nil, filter: "{}")
            let first = try #require(try work.work(action, limit: 2, after: .min))
            #expect(first.applied == [1, 2])
            let rest = try #require(try work.work(action, limit: 10, after: first.lastRow))
            #expect(rest.applied == [])
            #expect(rest.skipped.map(\.id) == [3, 4, 5, 9])
            #expect(try work.work(action, limit: 10, after: rest.lastRow) == nil)
            try work.forget(action)
            let items = try store.read { try $0.integer("SELECT count(*) FROM action_item") }
            let attempts = try store.read { try $0.integer("SELECT count(*) FROM attempt WHERE entry = 2") }
            #expect(items == 0 && attempts == 0)
            let (kept, counted) = try await store.writer.write { try $0.counters(.journal) }
            #expect(kept == counted)
            #expect(throws: ConnmixError.self) { try JournalOperator(database: store.path).undo(action) }
        }
    }
}
