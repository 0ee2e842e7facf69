import Testing

@testable import ConnmixDurable

@Suite("batches of rows")
struct RowBatchTests {
    private struct Entry {
        var topic = "chat"
        var client = "1463786910324359168"
        var isNumber = false
        var state = EntryState.running
        var data: [UInt8] = Array("{}".utf8)
        var lane: String?
        var key: String?
        var error: String?
    }

    /// Every column of a table's rows from an id on, without the id.
    private func rows(_ connection: Connection, _ table: String, from first: Int64) throws -> [[SQLValue]] {
        let select = try connection.prepare("SELECT * FROM \(table) WHERE id >= ?1 ORDER BY id")
        select.bind(1, first)
        var rows: [[SQLValue]] = []
        try select.forEach { row in rows.append((1..<row.columnCount).map { row.value($0) }) }
        return rows
    }

    private func entries(_ count: Int) -> [Entry] {
        (0..<count).map { index in
            switch index % 9 {
            case 1: Entry(topic: "", client: "", data: [])
            case 3: Entry(data: [UInt8](repeating: 7, count: RowBatch.rowBytes + 1), lane: "large")
            case 4: Entry(topic: "ä€😀", isNumber: true, state: .pending, data: [0, 255], lane: "", key: "k\(index)")
            case 5: Entry(state: .dead, data: [1], error: "unreadable")
            case 6: Entry(data: [UInt8](repeating: 9, count: RowBatch.rowBytes - 64), lane: String(repeating: "l", count: 30))
            default: Entry(lane: index % 2 == 0 ? "lane \(index)" : nil)
            }
        }
    }

    @Test("entries are the same whether they are inserted one by one or in batches", arguments: [0, 1, 7, 8, 9, 16, 45])
    func journal(count: Int) async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for entry in entries(count) {
                    try entry.data.withUnsafeBytes { data in
                        try JournalTable.append(
                            transaction, id: transaction.nextID(.journal), state: entry.state, run: 3, topic: entry.topic,
                            node: "n", client: entry.client, clientIsNumber: entry.isNumber, receivedAt: 17, data: data,
                            lane: entry.lane, dedupeKey: entry.key, error: entry.error)
                    }
                }
                let batch = try NewEntries(transaction, run: 3)
                let first = Int64(count + 1)
                for entry in entries(count) {
                    try entry.data.withUnsafeBytes { data in
                        try batch.append(
                            id: transaction.nextID(.journal), state: entry.state, topic: entry.topic, node: "n",
                            client: entry.client, clientIsNumber: entry.isNumber, receivedAt: 17, data: data, lane: entry.lane,
                            dedupeKey: entry.key, error: entry.error)
                    }
                }
                try batch.finish()
                let all = try rows(transaction.connection, "journal", from: 1)
                #expect(all.count == 2 * count)
                #expect(Array(all.prefix(count)) == (try rows(transaction.connection, "journal", from: first)))
            }
            let (kept, counted) = try await store.writer.write { try $0.counters(.journal) }
            #expect(kept == counted)
        }
    }

    private func commands(_ count: Int) -> [(command: NewCommand, data: [UInt8])] {
        (0..<count).map { index in
            var command = NewCommand(kind: .send, target: "\(index % 3)", messageID: Int64(index), node: "n")
            var data: [UInt8] = [UInt8(index)]
            switch index % 7 {
            case 1: command = NewCommand(kind: .call, target: "ä", function: "set", flags: .clientIsNumber, lane: "lane")
            case 3: command.extras = .init(notBefore: 1 << 52, expiresAt: 1 << 53)
            case 4: data = [UInt8](repeating: 1, count: RowBatch.rowBytes + 1)
            case 5: data = []
            default: break
            }
            return (command, data)
        }
    }

    @Test("commands are the same whether they are inserted one by one or in batches", arguments: [0, 1, 8, 9, 30])
    func outbox(count: Int) async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for (command, data) in commands(count) {
                    _ = try data.withUnsafeBytes { try OutboxTable.enqueue(transaction, command, data: $0) }
                }
                let batch = try NewCommands(transaction)
                var ids: [Int64] = []
                for (command, data) in commands(count) {
                    ids.append(try data.withUnsafeBytes { try batch.enqueue(command, data: $0) })
                }
                try batch.finish()
                #expect(ids == (0..<count).map { Int64(count + 1 + $0) })
                let all = try rows(transaction.connection, "outbox", from: 1)
                #expect(all.count == 2 * count)
                #expect(Array(all.prefix(count)) == (try rows(transaction.connection, "outbox", from: Int64(count + 1))))
            }
            let (kept, counted) = try await store.writer.write { try $0.counters(.outbox) }
            #expect(kept == counted)
        }
    }

    @Test("what a transaction leaves behind that was rolled back is in no later one")
    func rolledBack() async throws {
        struct Refused: Error {}
        try await withStore { store in
            await #expect(throws: Refused.self) {
                try await store.writer.write { transaction in
                    let batch = try NewEntries(transaction, run: 1)
                    try batch.append(
                        id: transaction.nextID(.journal), state: .running, topic: "t", node: "n", client: "lost",
                        clientIsNumber: false, receivedAt: 1, data: UnsafeRawBufferPointer(start: nil, count: 0))
                    throw Refused()
                }
            }
            try await store.writer.write { transaction in
                let batch = try NewEntries(transaction, run: 1)
                try batch.append(
                    id: transaction.nextID(.journal), state: .running, topic: "t", node: "n", client: "kept",
                    clientIsNumber: false, receivedAt: 1, data: UnsafeRawBufferPointer(start: nil, count: 0))
                try batch.finish()
            }
            let clients = try store.read { try $0.text("SELECT group_concat(client) FROM journal") }
            #expect(clients == "kept")
        }
    }
}
