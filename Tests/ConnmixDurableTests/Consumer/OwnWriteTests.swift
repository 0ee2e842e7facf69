import Testing

@testable import ConnmixDurable

@Suite("commands of own writes")
struct OwnWriteTests {
    private struct RolledBack: Error {}

    @Test("P3: writes that run once more, after their transaction was rolled back, stage nothing twice")
    func again() async throws {
        try await withStore { store in
            let first = try Command.meshSend(to: "7", "first")
            let result = HandlerOutcome.Result.done(
                [first],
                writes: [
                    { tables in
                        try tables.execute("CREATE TABLE IF NOT EXISTS members (client TEXT PRIMARY KEY) STRICT")
                        let new = try tables.execute("INSERT OR IGNORE INTO members VALUES (?1)", "7")
                        try tables.stage(.meshSend(to: "7", new == 1 ? "welcome" : "duplicate"))
                    }
                ])
            @Sendable func run(_ transaction: Transaction) throws -> [Command] {
                let changed = try result.writeOwnTables(
                    in: transaction, topic: "chat", attempt: 1, startedAt: 0, judge: Judge(policy: RetryPolicy()))
                guard case .done(let commands, _)? = changed else { return [] }
                return commands
            }
            await #expect(throws: RolledBack.self) {
                try await store.writer.write { transaction in
                    #expect(try run(transaction).count == 2)
                    throw RolledBack()
                }
            }
            #expect(try await store.writer.write(run) == [first, .meshSend(to: "7", "welcome")])
            #expect(try await store.writer.write(run) == [first, .meshSend(to: "7", "duplicate")])
        }
    }
}
