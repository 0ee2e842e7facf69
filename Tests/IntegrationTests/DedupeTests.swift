import ConnmixDevEngine
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("dedupe", .timeLimit(.minutes(1)))
struct DedupeTests {
    @Test("repeats are counted and not handled, in one commit and through a restart; the first entry is named")
    func repeats() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.dedupe = Dedupe(window: .seconds(3_600)) { message in
                    message.text.flatMap { $0.hasPrefix("n") ? "\(message.client)/\($0)" : nil }
                }
                let tally = Tally()
                let handlers = Handlers(all: { message, _ in tally.handled(message.id) })
                let user = try await engine.connectEndUser()
                let other = try await engine.connectEndUser()
                try await withConsumer(configuration, handlers: handlers) { _ in
                    try await user.send(contentsOf: ["n1", "n1", "n2", "plain", "plain", "n1"])
                    await tally.wait(for: 4)
                }
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    try await user.send("n2")
                    try await other.send("n2")
                    await tally.wait(for: 5)
                    for await event in consumer.events {
                        guard case .repeated(let key, let entry) = event else { continue }
                        #expect(key == "\(user.id)/n2")
                        #expect(entry == 2)
                        break
                    }
                }
                let (entries, repeats, keys) = try SharedStore(path: database).read { connection in
                    (
                        try connection.integer("SELECT count(*) FROM journal WHERE state = 8"),
                        try connection.text("SELECT group_concat(repeats) FROM (SELECT repeats FROM dedupe ORDER BY entry)"),
                        try connection.integer("SELECT count(*) FROM journal WHERE dedupe_key IS NOT NULL")
                    )
                }
                #expect(entries == 5)
                #expect(repeats == "2,1,0")
                #expect(keys == 3)
            }
        }
    }

    @Test("after the window a key is new again, and old keys are forgotten in slices")
    func window() async throws {
        try await withTemporaryDatabase { database in
            let store = try Store(path: database)
            try await store.writer.write { transaction in
                for number in 0..<1_200 { try DedupeTable.remember(transaction, key: "k\(number)", entry: Int64(number)) }
            }
            let found = try await store.writer.write { transaction in
                (
                    try DedupeTable.entry(transaction, key: "k7", since: transaction.now - 1_000_000_000),
                    try DedupeTable.entry(transaction, key: "k7", since: transaction.now + 1),
                    try DedupeTable.prune(transaction, before: transaction.now + 1)
                )
            }
            #expect(found.0 == 7)
            #expect(found.1 == nil)
            #expect(found.2 == 500)
            await store.close()
        }
    }
}
