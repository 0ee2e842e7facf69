import Testing

@testable import ConnmixDurable

extension Transaction {
    /// Adds an entry of client `client`.
    func addEntry(_ state: EntryState = .pending, client: String = "c") throws -> Int64 {
        let id = try nextID(.journal)
        try Array("{}".utf8).withUnsafeBytes { data in
            try JournalTable.append(
                self, id: id, state: state, run: 1, topic: "t", node: "n", client: client, clientIsNumber: false, receivedAt: 1,
                data: data)
        }
        return id
    }

    func entry(_ id: Int64) throws -> (state: Int64, attempts: Int64, flags: Int64) {
        let select = try connection.statement("SELECT state, attempts, flags FROM journal WHERE id = ?1")
        select.bind(1, id)
        return try select.first { ($0.int(0), $0.int(1), $0.int(2)) } ?? (0, 0, 0)
    }

    /// The kept counters and the counted rows, which must be the same.
    func counters(_ ledger: Ledger) throws -> (kept: [Int64: Int64], counted: [Int64: Int64]) {
        var kept: [Int64: Int64] = [:]
        let select = try connection.statement("SELECT state, n FROM counter WHERE ledger = ?1 AND n <> 0")
        select.bind(1, ledger.rawValue)
        try select.forEach { kept[$0.int(0)] = $0.int(1) }
        var counted: [Int64: Int64] = [:]
        let table = ledger == .journal ? "journal" : "outbox"
        try connection.prepare("SELECT state, count(*) FROM \(table) GROUP BY state").forEach { counted[$0.int(0)] = $0.int(1) }
        return (kept, counted)
    }
}

@Suite("the journal")
struct JournalTests {
    private func attempt(_ number: Int) -> FailedAttempt {
        FailedAttempt(number: number, outcome: .failed, startedAt: 1, endedAt: Clock.now(), error: "e\(number)")
    }

    @Test("verbs move entries between states, and the kept counters agree with the rows")
    func verbs() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                var ids: [Int64] = []
                for _ in 0..<20 { ids.append(try transaction.addEntry(.running)) }
                try JournalTable.finish(transaction, ids: [1, 2, 3, 4, 5, 7, 9])
                try JournalTable.retry(transaction, id: 6, availableAt: 99, attempt: attempt(1), run: 1)
                try JournalTable.bury(transaction, id: 8, attempt: attempt(1), run: 1)
                try JournalTable.release(transaction, ids: [10, 11, 12, 13, 20])
                #expect(try JournalTable.claim(transaction, ids: [6, 10, 11, 12], run: 2) == [])
            }
            let states = try await store.writer.write { transaction in
                try (1...20).map { try transaction.entry(Int64($0)) }
            }
            #expect(states.map(\.state) == [8, 8, 8, 8, 8, 3, 8, 9, 8, 3, 3, 3, 2, 3, 3, 3, 3, 3, 3, 2])
            #expect(states[5].attempts == 2)
            #expect(states[9].attempts == 1)
            #expect(states[12].attempts == 0)
            let (kept, counted) = try await store.writer.write { try $0.counters(.journal) }
            #expect(kept == counted)
            let attempts = try store.read {
                try $0.text("SELECT group_concat(entry || ':' || number || ':' || error) FROM attempt")
            }
            #expect(attempts == "6:1:e1,8:1:e1")
        }
    }

    @Test("a row in another state than this consumer left it is an error, and nothing of the transaction stays")
    func foreignChange() async throws {
        try await withStore { store in
            _ = try await store.writer.write { try $0.addEntry(.pending) }
            let error = await #expect(throws: ConnmixError.self) {
                try await store.writer.write { transaction in
                    _ = try transaction.addEntry(.running)
                    try JournalTable.finish(transaction, ids: [1])
                }
            }
            #expect(error?.code == .corrupt)
            let count = try store.read { try $0.integer("SELECT count(*) FROM journal") }
            #expect(count == 1)
        }
    }

    @Test("the schema refuses states that do not exist")
    func checks() async throws {
        try await withStore { store in
            let error = await #expect(throws: ConnmixError.self) {
                try await store.writer.write { transaction in
                    _ = try transaction.addEntry()
                    try transaction.connection.execute("UPDATE journal SET state = 12")
                }
            }
            #expect(error?.message.contains("CHECK") == true)
        }
    }

    @Test("the hot queries use the indexes of open rows")
    func plans() async throws {
        try await withStore { store in
            func plan(_ sql: String) throws -> String {
                try store.read { connection in
                    var lines: [String] = []
                    try connection.prepare("EXPLAIN QUERY PLAN " + sql).forEach { lines.append($0.text(3)) }
                    return lines.joined(separator: "; ")
                }
            }
            let scan = try plan("SELECT id FROM journal WHERE state < 8 AND state = 2 AND id > 5 ORDER BY id LIMIT 10")
            #expect(scan.contains("journal_open") && !scan.contains("TEMP B-TREE"), "\(scan)")
            let recovery = try plan("SELECT id FROM journal WHERE state < 8 AND state = 3 ORDER BY id")
            #expect(recovery.contains("journal_open"), "\(recovery)")
            let outbox = try plan("SELECT id FROM outbox WHERE state < 8 AND id > 5 ORDER BY id LIMIT 10")
            #expect(outbox.contains("outbox_open") && !outbox.contains("TEMP B-TREE"), "\(outbox)")
        }
    }
}
