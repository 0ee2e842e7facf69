@testable import ConnmixDurable

/// A file with an entry of every kind and state, hostile text included.
enum EveryKind {
    private struct Row {
        var state: EntryState
        var attempts: Int64 = 1
        var flags: Int64 = 0
        var topic = "chat"
        var client = "7"
        var data: [UInt8]
        var lane: String?
        var error: String?
        var replayOf: Int64?
        var dedupeKey: String?
        var hasRun = true
    }

    private static let hostile = "\u{0}\u{1B}[31m\u{202E}\u{2028}\"\\\n\u{FFFD}👩‍👩‍👧\u{E0001}"

    private static let rows = [
        Row(state: .done, flags: 1, client: "1463786910324359168", data: json(#"{"frame":{"data":"{\"phone\":\"+4179\"}"}}"#)),
        Row(
            state: .dead, attempts: 10, data: json(#"{"a" : [1,  2.50e3]}"#), lane: hostile, error: hostile,
            dedupeKey: #"["t","1"]"#),
        // A frame that could not be read: not JSON; and JSON that names nobody.
        Row(state: .dead, attempts: 0, topic: "", client: "", data: [0xFF, 0xFE, 0x00, 0x22], error: "not valid UTF-8"),
        Row(state: .dead, attempts: 0, topic: "", client: "", data: json(#"{"e":"queue.pop","p":{}}"#), error: "names no topic"),
        Row(state: .dead, attempts: 0, topic: "", client: "", data: [], error: "empty"),
        Row(
            state: .discarded, attempts: 3, topic: hostile, client: hostile, data: json("[\"\u{7F}\u{85}\u{2028}\"]"), error: "x"),
        Row(state: .pending, attempts: 0, data: json("null"), replayOf: 2, hasRun: false),
        Row(state: .pending, attempts: 2, data: json(#""s""#), error: "again", dedupeKey: "k"),
        // Given another try by hand, although nobody could read it.
        Row(state: .pending, attempts: 0, topic: "", client: "", data: [0x80], error: "not valid UTF-8"),
        Row(state: .running, flags: 7, client: "-9.5e3", data: json("[]")),
        Row(state: .done, data: json("{}"), replayOf: 999),
        Row(state: .replayed, attempts: 3, data: json("{}"), error: "x"),
    ]

    static var count: Int { rows.count }

    private static func json(_ text: String) -> [UInt8] { Array(text.utf8) }

    static func write(_ path: String) async throws {
        let store = try Store(path: path)
        try await store.writer.write { transaction in
            let run = try RunTable.begin(
                transaction, pid: 1, version: "1", handlerVersion: "v7 \(hostile)", synchronous: .full)
            for (index, row) in rows.enumerated() {
                let time = 1_700_000_000_000_000 + Int64(index)
                let insert = try transaction.connection.statement(
                    """
                    INSERT INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, lane,
                        last_error, replay_of, dedupe_key)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
                    """)
                insert.bind(1, try transaction.nextID(.journal))
                insert.bind(2, row.state.rawValue)
                insert.bind(3, row.attempts)
                insert.bind(4, row.flags)
                insert.bind(5, row.hasRun ? run : 0)
                insert.bind(6, row.topic)
                insert.bind(7, "n")
                insert.bind(8, row.client)
                insert.bind(9, time)
                insert.bind(10, time + 1_000_000)
                insert.bind(11, copying: row.data)
                insert.bind(12, row.lane)
                insert.bind(13, row.error)
                insert.bind(14, row.replayOf)
                insert.bind(15, row.dedupeKey)
                try insert.run()
                transaction.count(1, to: row.state.rawValue, in: .journal)
                for number in 0..<min(3, row.attempts) where row.error != nil {
                    let attempt = FailedAttempt(
                        number: Int(number) + 1, outcome: AttemptOutcome.allCases[Int(number)], startedAt: time,
                        endedAt: time + number, error: row.error ?? "")
                    try JournalTable.record(transaction, attempt, of: Int64(index) + 1, run: run)
                }
            }
        }
        await store.close()
    }
}
