import Testing

@testable import ConnmixDurable

@Suite("invariants of the library's tables")
struct InvariantTests {
    /// For each invariant, what breaks it in a file with one done entry, one dead one that parks its lane, and one sent command.
    private static let breaks: [(name: String, sql: String)] = [
        ("the counters of the open entries", "UPDATE counter SET n = n + 1 WHERE ledger = 1 AND state = 2"),
        (
            "the counters of the dead, discarded and replayed entries",
            "UPDATE counter SET n = n - 1 WHERE ledger = 1 AND state = 9"
        ),
        ("the counters of the pending commands", "UPDATE counter SET n = 77 WHERE ledger = 2 AND state = 2"),
        ("the counters of the commands that ended without being sent", "INSERT INTO counter VALUES (2, 12, 1)"),
        ("the counters of the done entries", "UPDATE counter SET n = 0 WHERE ledger = 1 AND state = 8"),
        ("the counters of the sent commands", "UPDATE counter SET n = 2 WHERE ledger = 2 AND state = 8"),
        ("ids of the journal", "UPDATE journal SET id = 0 WHERE id = 1"),
        ("ids of the outbox", "UPDATE outbox SET id = -5 WHERE id = 1"),
        ("ids of the journal and what is left of them", "UPDATE journal SET id = 4611686018427387905 WHERE id = 1"),
        ("ids of the outbox and what is left of them", "UPDATE outbox SET id = 9223372036854775807 WHERE id = 1"),
        (
            "the open entries' states, attempts and times",
            "UPDATE journal SET state = 2, attempts = -1 WHERE id = 1; UPDATE counter SET n = n - 1 WHERE ledger = 1 AND state = 8; UPDATE counter SET n = n + 1 WHERE ledger = 1 AND state = 2"
        ),
        (
            "the pending commands' states, attempts and times",
            "UPDATE outbox SET state = 2, state_at = \(Int64.max) WHERE id = 1; UPDATE counter SET n = n - 1 WHERE ledger = 2 AND state = 8; UPDATE counter SET n = n + 1 WHERE ledger = 2 AND state = 2"
        ),
        ("commands and their entries", "UPDATE outbox SET message_id = 99 WHERE id = 1"),
        ("replays and their originals", "UPDATE journal SET replay_of = 2 WHERE id = 1"),
        (
            "attempts and their entries",
            "INSERT INTO attempt (entry, number, outcome, run, started_at, ended_at, error) VALUES (99, 1, 1, 1, 1, 1, '')"
        ),
        ("parked lanes and their heads", "UPDATE parked_lane SET entry = 1"),
        ("remembered keys and their entries", "INSERT INTO dedupe (key, entry, seen_at) VALUES ('k', 99, 1)"),
        (
            "actions and their rows",
            "INSERT INTO action (verb, ledger, actor, filter, state, total, finished, created_at) VALUES ('retry', 1, '', '{}', 2, 1, 2, 1)"
        ),
        (
            "claimed entries and their run",
            "UPDATE journal SET state = 3, run = 99 WHERE id = 1; UPDATE counter SET n = n - 1 WHERE ledger = 1 AND state = 8; INSERT INTO counter VALUES (1, 3, 1) ON CONFLICT DO UPDATE SET n = n + 1"
        ),
    ]

    /// Which invariants are broken, in their order.
    private func broken(_ connection: Connection) throws -> [String] {
        try Invariant.all.filter { invariant in
            try connection.prepare(invariant.sql).first { $0.int(0) } != 0
        }.map(\.name)
    }

    private func fill(_ transaction: Transaction) throws {
        let connection = transaction.connection
        let run = try RunTable.begin(transaction, pid: 1, version: "", handlerVersion: nil, synchronous: .full)
        for (id, state) in [(1, 8), (2, 9)] {
            try connection.execute(
                """
                INSERT INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data)
                VALUES (\(id), \(state), 1, 0, \(run), 't', 'n', 'c', 1, 1, X'7B7D')
                """)
        }
        try connection.execute(
            """
            INSERT INTO outbox (id, state, kind, attempts, writes, flags, target, message_id, enqueued_at, state_at, data)
            VALUES (1, 8, 2, 1, 1, 0, 'c', 1, 1, 1, X'7B7D')
            """)
        for (ledger, state, count) in [(1, 2, 0), (1, 8, 1), (1, 9, 1), (2, 2, 0), (2, 8, 1)] {
            try connection.execute(
                "INSERT INTO counter VALUES (\(ledger), \(state), \(count)) ON CONFLICT DO UPDATE SET n = excluded.n")
        }
        try ParkedLanes.park(transaction, lane: "c", entry: 2, reason: "x")
    }

    @Test("each is broken by what breaks it, and by nothing else", arguments: breaks.indices)
    func broken(index: Int) async throws {
        try #require(Self.breaks.map(\.name) == Invariant.all.map(\.name), "an invariant without a script")
        let (name, sql) = Self.breaks[index]
        try await withStore { store in
            let (whole, found) = try await store.writer.write { transaction in
                try fill(transaction)
                let whole = try broken(transaction.connection)
                try transaction.connection.execute(
                    "PRAGMA ignore_check_constraints = 1; \(sql); PRAGMA ignore_check_constraints = 0")
                return (whole, try broken(transaction.connection))
            }
            #expect(whole == [])
            #expect(found == [name])
        }
    }
}
