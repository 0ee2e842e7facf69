import Testing

@testable import ConnmixDurable

@Suite("retention")
struct PrunerTests {
    private func fill(_ store: Store, _ count: Int) async throws {
        try await store.writer.write { transaction in
            var ids: [Int64] = []
            for _ in 0..<count { ids.append(try transaction.addEntry(.running)) }
            try JournalTable.finish(transaction, ids: ids)
            for _ in 0..<count {
                let command = try Command.meshSend(to: "1", "x")
                _ = try command.payload.withBytes { data in
                    try OutboxTable.enqueue(
                        transaction, NewCommand(command, messageID: nil, node: nil, lane: nil), data: data)
                }
            }
        }
    }

    @Test("old finished rows go in slices; the dead, the open and the newest stay; counters and attempts follow")
    func byAge() async throws {
        try await withStore { store in
            try await fill(store, 2_500)
            try await store.writer.write { transaction in
                let dead = try transaction.addEntry(.running)
                let attempt = FailedAttempt(number: 1, outcome: .failed, startedAt: 1, endedAt: 2, error: "e")
                try JournalTable.bury(transaction, id: dead, attempt: attempt, run: 1)
                try JournalTable.record(transaction, attempt, of: 7, run: 1)
                _ = try transaction.addEntry(.pending)
                let last = try transaction.addEntry(.running)
                try JournalTable.finish(transaction, ids: [last])
            }
            let deleted = try await store.writer.write { transaction in
                var pruner = Pruner(Retention(age: .zero))
                var deleted: [Int] = []
                for _ in 0..<4 { deleted.append(try pruner.prune(transaction, now: transaction.now)) }
                return deleted
            }
            // The commands are not sent, and the newest entry is kept.
            #expect(deleted == [1_000, 1_000, 500, 0])
            let (states, attempts, commands) = try store.read { connection in
                (
                    try connection.text("SELECT group_concat(state) FROM (SELECT state FROM journal ORDER BY id)"),
                    try connection.integer("SELECT count(*) FROM attempt"),
                    try connection.integer("SELECT count(*) FROM outbox")
                )
            }
            #expect(states == "9,2,8")
            #expect(attempts == 1)
            #expect(commands == 2_500)
            for ledger in Ledger.allCases {
                let (kept, counted) = try await store.writer.write { try $0.counters(ledger) }
                #expect(kept == counted)
            }
            let next = try await store.writer.write { try $0.addEntry() }
            #expect(next == 2_504)
        }
    }

    @Test("a publish that reached only some stays, and so does what is dead; an acknowledgement that found nobody goes")
    func unusual() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for (number, state) in [CommandState.sent, .sent, .dead, .dead, .sent].enumerated() {
                    let command = try Command.meshSend(to: "1", "x")
                    var columns = NewCommand(command, messageID: nil, node: nil, lane: nil)
                    if number == 3 { columns.flags.insert(.acknowledgement) }
                    let id = try command.payload.withBytes { try OutboxTable.enqueue(transaction, columns, data: $0) }
                    let settlement = Settlement(state: state, attempts: 1, writes: 1, failed: number == 1 ? 2 : 0)
                    try OutboxTable.settle(transaction, id: id, settlement)
                }
            }
            let deleted = try await store.writer.write { transaction in
                var pruner = Pruner(Retention(age: .zero))
                return try pruner.prune(transaction, now: transaction.now)
            }
            #expect(deleted == 2)
            let left = try store.read { try $0.text("SELECT group_concat(id) FROM (SELECT id FROM outbox ORDER BY id)") }
            #expect(left == "2,3,5")
            let (kept, counted) = try await store.writer.write { try $0.counters(.outbox) }
            #expect(kept == counted)
        }
    }

    @Test("what was replayed goes like what is done, unless a lane stands behind it")
    func replayed() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                let attempt = FailedAttempt(number: 1, outcome: .failed, startedAt: 1, endedAt: 2, error: "e")
                for id in Int64(1)...3 {
                    _ = try transaction.addEntry(.running)
                    try JournalTable.bury(transaction, id: id, attempt: attempt, run: 1)
                }
            }
            _ = try JournalOperator(database: store.path).replay([1, 2])
            // As an older version left it.
            try await store.writer.write { try ParkedLanes.park($0, lane: "c", entry: 2, reason: "e") }
            let deleted = try await store.writer.write { transaction in
                var pruner = Pruner(Retention(age: .zero))
                return try pruner.prune(transaction, now: transaction.now + 1)
            }
            #expect(deleted == 1)
            let left = try store.read {
                try $0.text("SELECT group_concat(id || ':' || state) FROM (SELECT * FROM journal ORDER BY id)")
            }
            #expect(left == "2:11,3:9,4:2,5:2")
            let (kept, counted) = try await store.writer.write { try $0.counters(.journal) }
            #expect(kept == counted)
        }
    }

    @Test("young rows stay, and the walk rests; over the size any age goes")
    func bySize() async throws {
        try await withStore { store in
            try await fill(store, 3_000)
            let (byAge, rests) = try await store.writer.write { transaction in
                var pruner = Pruner(Retention(age: .seconds(3_600)))
                let deleted = try pruner.prune(transaction, now: transaction.now)
                return (deleted, !pruner.isDue(now: transaction.now + 1))
            }
            #expect(byAge == 0)
            #expect(rests)
            let bySize = try await store.writer.write { transaction in
                var pruner = Pruner(Retention(bytes: 1))
                return try pruner.prune(transaction, now: transaction.now)
            }
            #expect(bySize == 1_000)
            #expect(!Pruner(Retention()).isDue(now: .max))
        }
    }
}
