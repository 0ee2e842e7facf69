import Testing

@testable import ConnmixDurable

@Suite("the loss ledger's tables")
struct LossTableTests {
    private let node = LossRows.Node(id: "a", address: "10.0.0.1:6789")

    private func begin(_ transaction: Transaction) throws -> Int64 {
        try RunTable.begin(transaction, pid: 1, version: "", handlerVersion: nil, synchronous: .full)
    }

    private func epoch(_ id: Int64, closedAt: Int64?) -> LossRows.Epoch {
        var row = LossRows.Epoch(id: id, connection: id, node: node, openedAt: 1)
        row.closedAt = closedAt
        return row
    }

    private func gap(_ id: Int64, endedAt: Int64?, _ reason: GapReason = .justListed) -> LossRows.Gap {
        LossRows.Gap(id: id, node: node, beganAt: 1, endedAt: endedAt, began: reason)
    }

    @Test("P11: the newest 10,000 rows of each table are kept, younger than the retention's age, and what is open")
    func prune() async throws {
        try await withStore { store in
            let counts = try await store.writer.write { transaction in
                let count = LossTable.keptRows + 300
                let run = try begin(transaction)
                var rows = LossRows.Batch(
                    epochs: (1...count).map { epoch($0, closedAt: $0) }, gaps: (1...count).map { gap($0, endedAt: $0) })
                rows.epochs[0].closedAt = nil
                rows.gaps[0].endedAt = nil
                try LossTable.write(transaction, rows, run: run)
                func counted() throws -> [Int64] {
                    [
                        try transaction.connection.integer("SELECT count(*) FROM epoch"),
                        try transaction.connection.integer("SELECT count(*) FROM gap"),
                    ]
                }
                try LossTable.prune(transaction, before: nil)
                let bySize = try counted()
                try LossTable.prune(transaction, before: count - 100)
                let byAge = try counted()
                try LossTable.prune(transaction, before: .max)
                return [bySize, byAge, try counted()]
            }
            #expect(counts == [[10_001, 10_001], [102, 102], [2, 2]])
        }
    }

    @Test("P11: a run that died twice without being accounted for is closed once, whatever it left open")
    func inherit() async throws {
        try await withStore { store in
            let first = try await store.writer.write { try LossTable.inherit($0, run: try begin($0)) }
            #expect(first.nodes.isEmpty)
            #expect(first.lastEpoch == 0)
            try await store.writer.write { transaction in
                let rows = LossRows.Batch(
                    epochs: [epoch(1, closedAt: nil)], gaps: [gap(1, endedAt: nil), gap(2, endedAt: 5)])
                try LossTable.write(transaction, rows, run: 1)
                let nodes: [NodeIdentity: NodeState] = [
                    .init(id: "a", address: .init(host: "10.0.0.1", port: 6_789)): .connecting,
                    .init(id: "b", address: .init(host: "h", port: 1)): .consuming,
                ]
                try RunTable.account(transaction, run: 1, atRisk: 3, highWater: 7, nodes: nodes, paused: nil, waiting: [])
            }
            for run in 2...3 as ClosedRange<Int64> {
                // The second run dies before it has heard of a node.
                var ledger = try await store.writer.write { try LossTable.begin($0, run: try begin($0)) }
                for node in ["a", "b"] {
                    let address = node == "a" ? "10.0.0.1:6789" : "h:1"
                    ledger.consuming(.init(id: node, address: address), now: .max)
                }
                let rows = ledger.takeRows(now: .max)
                #expect(rows.gaps.map(\.id) == [run * 4 - 3, run * 4 - 2], "both nodes were in a gap")
                #expect(rows.mayPrune, "the first commit of a run deletes what is old")
            }
            let (open, away, high) = try await store.writer.write { transaction in
                (
                    try transaction.connection.integer(
                        "SELECT (SELECT count(*) FROM epoch WHERE closed_at IS NULL) + (SELECT count(*) FROM gap WHERE ended_at IS NULL AND run < 3)"
                    ),
                    try transaction.connection.integer("SELECT count(*) FROM gap WHERE reason LIKE '%its process died%'"),
                    try transaction.connection.integer("SELECT at_risk_high FROM run WHERE id = 1")
                )
            }
            #expect(open == 0)
            #expect(away == 4)
            #expect(high == 7)
        }
    }

    @Test("an account is read as it was written, and one in another form is said to be corrupt")
    func account() throws {
        let nodes: [NodeIdentity: NodeState] = [
            .init(id: "b \"\u{1F600}", address: .init(host: "h", port: 1)): .unreachable,
            .init(id: "a", address: .init(host: "::1", port: 2)): .http,
        ]
        let read = try AccountText.nodes(AccountText.of(nodes))
        #expect(read.map(\.id) == ["a", "b \"\u{1F600}"])
        #expect(read.map(\.address) == ["[::1]:2", "h:1"])
        #expect(read.map(\.state) == [.http, .unreachable])
        #expect(try AccountText.nodes(AccountText.of([:])).isEmpty)
        let waiting = [StatusReport.Waiting(node: "n,m", since: 7, commands: 12)]
        #expect(try AccountText.waiting(AccountText.of(waiting)) == waiting)
        var work = StatusReport.Work(topics: ["a", "b"], centers: ["c:1", "https://d:2"], handler: "--echo")
        #expect(try AccountText.work(AccountText.of(work)) == work)
        work.centerTrouble = .init(reason: "the center \"c\" is away", since: 5)
        work.trouble = .init(reason: "no php", since: 6)
        work.held = .init(count: 3, handlers: 4, messages: [.init(entry: 7, since: 8), .init(entry: 9, since: 10)])
        work.probed = [ProbedTopic(topic: "a", cause: "x", since: 7)]
        #expect(try AccountText.work(AccountText.of(work)) == work)
        for text in [
            "", "{}", "[", "[]]", "[{}]", #"[{"id":"a","address":"h:1","state":"asleep"}]"#, #"[{"id":1}]"#,
            #"[{"id":"a","address":"h:1","state":"http"}"#,
        ] {
            #expect(throws: ConnmixError.self, "\(text)") { try AccountText.nodes(text) }
            #expect(throws: ConnmixError.self, "\(text)") { try AccountText.waiting(text) }
        }
    }

    @Test("P11: why a node was not consumed and how a connection ended are kept as kinds, not as words")
    func causes() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                let run = try begin(transaction)
                let reasons: [GapReason] = [
                    .justListed, .restarted, .connectionEnded("x restarted y"), .refused("z"), .paused("disk"), .away,
                ]
                try LossTable.write(
                    transaction,
                    LossRows.Batch(
                        epochs: [epoch(1, closedAt: 5)],
                        gaps: reasons.enumerated().map { gap(Int64($0.offset + 1), endedAt: 9, $0.element) }), run: run)
                _ = try LossTable.begin(transaction, run: try begin(transaction))
                let newest = try LossReader.Newest(transaction.connection, isLive: true, account: nil)
                var filter = GapFilter()
                filter.order = .oldest
                let gaps = try LossReader.gaps(transaction.connection, filter)
                #expect(gaps.map(\.cause) == GapCause.allCases)
                #expect(gaps.filter { $0.mayBeLost.contains("queues held") }.map(\.cause) == [.restarted])
                #expect(try LossReader.epochs(transaction.connection, .init(), newest: newest).map(\.cause) == [.connection])
                try transaction.connection.execute("PRAGMA ignore_check_constraints = 1; UPDATE gap SET cause = 77")
                #expect(throws: ConnmixError.self) { try LossReader.gaps(transaction.connection, filter) }
                try transaction.connection.execute("UPDATE gap SET cause = 1; PRAGMA ignore_check_constraints = 0")
            }
        }
    }
}
