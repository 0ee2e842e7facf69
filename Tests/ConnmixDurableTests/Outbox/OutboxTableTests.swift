import Testing

@testable import ConnmixDurable

@Suite("the outbox")
struct OutboxTableTests {
    private func add(_ transaction: Transaction, _ command: Command) throws -> Int64 {
        try command.payload.withBytes { data in
            try OutboxTable.enqueue(
                transaction, NewCommand(command, messageID: 7, node: "n", lane: "l"), data: data)
        }
    }

    @Test("every kind of command comes back as it went in")
    func roundTrip() async throws {
        let commands: [Command] = [
            try .meshSend(to: ClientID("18446744073709551615", isNumber: true), "é漢😀\u{0}\n"),
            try .meshSend(to: "1", ""),
            try .meshPublish(to: "room:7", binary: [0, 255, 10]),
            try .subscribe("1", to: ["a", "b"]),
            try .request("x.y", paramsJSON: "[1]"),
        ]
        try await withStore { store in
            let loaded = try await store.writer.write { transaction in
                for command in commands { _ = try add(transaction, command) }
                var loaded: [Command] = []
                var lanes: Set<String?> = []
                let scanned = try OutboxTable.scan(transaction.connection, after: 0, limit: 100) { row in
                    loaded.append(try Command(row))
                    lanes.insert(row.columns.lane)
                    return true
                }
                #expect(scanned == commands.count)
                #expect(lanes == ["l"])
                return loaded
            }
            #expect(loaded == commands)
        }
    }

    @Test("settling keeps the evidence and the counters")
    func settle() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for number in 0..<10 { _ = try add(transaction, .meshSend(to: "1", "\(number)")) }
                try OutboxTable.markSent(transaction, ids: [1, 2, 3, 4, 6])
                try OutboxTable.settle(
                    transaction, id: 5,
                    Settlement(state: .dead, attempts: 3, writes: 4, node: "m", code: 401, error: "client gone"))
                try OutboxTable.settle(
                    transaction, id: 7, Settlement(state: .sent, attempts: 1, writes: 1, node: "n", delivered: 5, failed: 1))
                try OutboxTable.postpone(
                    transaction, id: 8, attempts: 2, writes: 3, availableAt: 99, code: 201, error: "later")
                // An operator's end stands: a late answer changes nothing.
                try transaction.connection.execute("UPDATE outbox SET state = 11 WHERE id = 9")
                transaction.count(1, from: 2, to: 11, in: .outbox)
                try OutboxTable.settle(transaction, id: 9, Settlement(state: .sent, attempts: 1, writes: 1))
                try OutboxTable.markSent(transaction, ids: [9])
            }
            let (kept, counted) = try await store.writer.write { try $0.counters(.outbox) }
            #expect(kept == counted)
            #expect(kept == [2: 2, 8: 6, 9: 1, 11: 1])
            let row = try store.read {
                try $0.text(
                    "SELECT state || ' ' || attempts || ' ' || writes || ' ' || node || ' ' || code || ' ' || last_error FROM outbox WHERE id = 5"
                )
            }
            #expect(row == "9 3 4 m 401 client gone")
        }
    }
}
