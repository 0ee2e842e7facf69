import Testing

@testable import ConnmixDurable

@Suite("what is in trouble now, by cause", .timeLimit(.minutes(1)))
struct TroublesTests {
    /// 3,000 entries, of which every third is dead for one of two causes and the next one replayed; as many commands.
    private func withRows(_ body: (Inspector) throws -> Void) async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                try transaction.connection.execute(
                    """
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                    INSERT INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, last_error)
                    SELECT i, CASE i % 3 WHEN 0 THEN 9 WHEN 1 THEN 11 ELSE 8 END, 2, 0, 1, 't', 'n', 'c', i, i,
                        CASE WHEN i = 6 THEN zeroblob(5000) ELSE x'6e756c6c' END,
                        CASE WHEN i % 300 = 0 THEN 'seldom' ELSE 'order ' || i || ' not found' END FROM n
                    """)
                try transaction.connection.execute(
                    """
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                    INSERT INTO outbox (id, state, kind, attempts, writes, flags, target, enqueued_at, state_at, data, last_error)
                    SELECT i, CASE i % 6 WHEN 0 THEN 2 WHEN 1 THEN 9 WHEN 2 THEN 10 WHEN 3 THEN 11 WHEN 4 THEN 13 ELSE 8 END, 2, 1, 0,
                        CASE WHEN i % 6 = 1 AND i > 1500 THEN 32 ELSE 0 END, 'c', i, i, x'7879',
                        CASE WHEN i % 6 = 0 AND i % 12 > 0 THEN NULL ELSE 'gone ' || (i % 6) END FROM n
                    """)
            }
            try body(try Inspector(database: store.path))
        }
    }

    @Test("dead messages, whenever they died; what was replayed, discarded or done counts for nothing")
    func journal() async throws {
        try await withRows { inspector in
            let troubles = try inspector.troubles(of: .journal, limit: 10_000) {}
            #expect(!troubles.isCut)
            #expect(troubles.causes.map(\.name) == ["order # not found", "seldom"])
            #expect(troubles.causes.map(\.messages) == [990, 10])
            #expect(troubles.causes.map(\.dead) == [990, 10])
            #expect(troubles.causes.map(\.example) == [2_997, 3_000])
            // What is counted is what the cause's filter finds.
            var filter = JournalFilter()
            (filter.states, filter.cause, filter.limit) = ([.dead], troubles.causes[0].id, 0)
            #expect(try inspector.entryIDs(filter).count == 990)
        }
    }

    @Test("no more rows are looked at than the limit, the newest; a look in between may end it")
    func limit() async throws {
        try await withRows { inspector in
            // Every second row of the index is dead.
            let some = try inspector.troubles(of: .journal, limit: 1_500) {}
            #expect(some.isCut)
            #expect(some.causes.reduce(0) { $0 + $1.messages } == 750)
            #expect(some.causes.first?.example == 2_997)
            #expect(throws: CancellationError.self) {
                try inspector.troubles(of: .journal, limit: 10_000) { throw CancellationError() }
            }
        }
    }

    @Test("commands that were given up, and pending ones that failed; no acknowledgement that found nobody")
    func outbox() async throws {
        try await withRows { inspector in
            let troubles = try inspector.troubles(of: .outbox, limit: 10_000) {}
            let causes = Dictionary(uniqueKeysWithValues: troubles.causes.map { ($0.error, $0) })
            #expect(causes.count == 1, "their numbers are made equal")
            // 250 of 500 dead ones are acknowledgements; expired and unknown ones; every other pending one failed.
            #expect(troubles.causes[0].messages == 250 + 500 + 500 + 250)
            #expect(troubles.causes[0].dead == 250 + 500 + 500)
        }
    }

    @Test("payloads up to a size whole, of larger ones the beginning")
    func payloads() async throws {
        try await withRows { inspector in
            let payloads = try inspector.payloads(of: [3, 6, 99_999], in: .journal, whole: 100)
            #expect(payloads.count == 2)
            #expect(payloads[3]?.bytes == Array("null".utf8) && payloads[3]?.size == 4)
            #expect(payloads[6]?.bytes.count == 100 && payloads[6]?.size == 5_000)
            #expect(try inspector.payloads(of: [1], in: .outbox, whole: 1)[1]?.bytes == [0x78])
        }
    }
}
