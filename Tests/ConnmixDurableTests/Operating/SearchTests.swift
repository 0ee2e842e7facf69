import Testing

@testable import ConnmixDurable

@Suite("searching the ledgers", .timeLimit(.minutes(1)))
struct SearchTests {
    @Test("a read grows while it is quick, and shrinks to what fits where it was slow")
    func pace() {
        var pace = SearchPace(rows: 2_000, most: 10_000)
        pace.took(.milliseconds(1))
        #expect(pace.rows == 4_000)
        pace.took(.milliseconds(20))
        #expect(pace.rows == 4_000)
        pace.took(.milliseconds(200))
        #expect(pace.rows == 1_000)
        pace.took(.seconds(3_600))
        #expect(pace.rows == 100)
        for _ in 0..<20 { pace.took(.zero) }
        #expect(pace.rows == 10_000)
    }

    /// 12,000 entries and commands of all kinds.
    private func withRows(_ body: (Inspector, Store) throws -> Void) async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                try transaction.connection.execute(
                    """
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
                    INSERT INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, last_error)
                    SELECT i * 3, CASE i % 5 WHEN 0 THEN 2 WHEN 1 THEN 9 WHEN 2 THEN 10 ELSE 8 END, 1, 0, 1, 't' || i % 2, 'n',
                        'c' || i % 1000, i, i, x'6e756c6c', CASE WHEN i % 7 = 0 THEN 'seven' END FROM n
                    """)
                try transaction.connection.execute(
                    """
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
                    INSERT INTO outbox (id, state, kind, attempts, writes, flags, target, enqueued_at, state_at, data, message_id, failed)
                    SELECT i, CASE i % 4 WHEN 0 THEN 2 WHEN 1 THEN 8 WHEN 2 THEN 9 ELSE 13 END, 2 + i % 2, 0, 0, 0, 'c' || i % 1000,
                        i, i, x'78', i * 3, CASE WHEN i % 500 = 0 THEN 1 END FROM n
                    """)
            }
            try body(try Inspector(database: store.path), store)
        }
    }

    @Test("pages of a search are those of one query, in either order, wherever they begin")
    func journal() async throws {
        try await withRows { inspector, store in
            let changes: [(inout JournalFilter) -> Void] = [
                { $0.client = "c77" }, { $0.topic = "t1" }, { $0.since = 11_990 }, { $0.until = 5 },
                { $0.states = [.dead, .pending] }, { $0.states = [.discarded] }, { $0.states = Set(EntryState.allCases) },
                { ($0.states, $0.error) = ([.pending, .done], "seven") },
                { ($0.ids, $0.client) = ([1...9_000, 20_000...Int64.max], "c3") },
                { $0.client = "nobody" }, { ($0.client, $0.after) = ("c5", 18_000) }, { $0.ids = [3...9, 33...36] },
            ]
            for (place, change) in changes.enumerated() {
                for order in ListOrder.allCases {
                    for limit in [0, 1, 7, 100_000] {
                        var filter = JournalFilter()
                        change(&filter)
                        (filter.order, filter.limit) = (order, limit)
                        let whole = try store.read { try JournalReader.list($0, filter, withData: false) }
                        let paged = try inspector.entries(filter, withData: false)
                        #expect(paged.map(\.id) == whole.map(\.id), "\(place) \(order) \(limit)")
                    }
                }
            }
        }
    }

    @Test("the same of commands")
    func outbox() async throws {
        try await withRows { inspector, store in
            let changes: [(inout OutboxFilter) -> Void] = [
                { $0.client = "c77" }, { $0.channel = "c77" }, { $0.topic = "t1" }, { $0.since = 11_990 },
                { $0.isPartial = true },
                { $0.states = [.dead, .pending] }, { $0.states = Set(CommandState.allCases) }, { $0.kind = "mesh.publish" },
                { ($0.states, $0.after) = ([.unknown], 6_000) }, { $0.message = 300 },
            ]
            for (place, change) in changes.enumerated() {
                for order in ListOrder.allCases {
                    for limit in [0, 1, 7, 100_000] {
                        var filter = OutboxFilter()
                        change(&filter)
                        (filter.order, filter.limit) = (order, limit)
                        let query = Inspector.joined(filter)
                        let whole = try store.read { try OutboxReader.list($0, filter, and: query, withData: false) }
                        let paged = try inspector.commands(filter, withData: false)
                        #expect(paged.map(\.id) == whole.map(\.id), "\(place) \(order) \(limit)")
                    }
                }
            }
        }
    }

    @Test("no read goes over more rows than its share, and whoever is told of one may end the search")
    func short() async throws {
        try await withRows { inspector, _ in
            var filter = JournalFilter()
            filter.client = "nobody"
            var reads = 0
            _ = try inspector.entries(filter, withData: false) { rows in
                reads += 1
                #expect(rows <= 50_000)
            }
            #expect(reads >= 2)
            var ids = 0
            #expect(try inspector.entryIDs(filter) { ids += $0 } == [])
            #expect(ids >= 10_000)
            struct Enough: Error {}
            #expect(throws: Enough.self) { _ = try inspector.entries(filter) { _ in throw Enough() } }
        }
    }

    @Test("one error has one name, in status and in causes")
    func names() async throws {
        try await withStore { store in
            let errors = ["python3: 17 at 0xdeadbeef12", String(repeating: "é", count: 2_000) + "17", "order 5"]
            try await store.writer.write { transaction in
                for error in errors {
                    let id = try transaction.addEntry(.running)
                    try JournalTable.bury(
                        transaction, id: id,
                        attempt: FailedAttempt(
                            number: 1, outcome: .failed, startedAt: transaction.now, endedAt: transaction.now, error: error),
                        run: 1)
                }
            }
            let inspector = try Inspector(database: store.path)
            let status = Set(try inspector.activity().deadLastHour.map(\.cause))
            let causes = Set(try inspector.causes(since: 0).map(\.name))
            #expect(status == causes)
            #expect(causes.count == 3)
            #expect(causes.allSatisfy { $0.utf8.count <= 1_024 && !$0.contains("\u{FFFD}") })
        }
    }

    @Test("the doctor says why nothing is taken, as status does, though the row could not be written")
    func paused() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                let run = try RunTable.begin(transaction, pid: 1, version: "1", handlerVersion: nil, synchronous: .full)
                try RunTable.account(transaction, run: run, atRisk: 0, highWater: 0, nodes: [:], paused: nil, waiting: [])
            }
            store.show(paused: "the disk is full")
            let finding = try DatabaseDoctor(database: store.path).examine().findings.first { $0.name == "work" }
            #expect(finding?.level == .problem)
            #expect(finding?.words == "nothing is taken: the disk is full")
            #expect(try Inspector(database: store.path).status().consumer.paused == "the disk is full")
        }
    }
}
