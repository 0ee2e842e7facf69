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

    private func gap(_ id: Int64, endedAt: Int64?, cause: String = "x") -> LossRows.Gap {
        LossRows.Gap(id: id, node: node, beganAt: 1, endedAt: endedAt, cause: cause)
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
                let nodes =
                    #"[{"id":"a","address":"10.0.0.1:6789","state":"connecting"},{"id":"b","address":"h:1","state":"consuming"}]"#
                try RunTable.account(transaction, run: 1, atRisk: 3, highWater: 7, nodesJSON: nodes, paused: nil, waiting: [])
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
}
