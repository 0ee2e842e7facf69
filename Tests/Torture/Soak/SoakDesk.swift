internal import ConnmixDevEngine

/// The books of a running soak, and who writes them: reads each new row of the file before retention deletes it.
actor SoakDesk {
    private var books = SoakBooks()
    private var feeds: [Feed] = []
    private var samples: [SoakSample] = []
    private let database: String

    init(database: String) {
        self.database = database
    }

    func begin(_ name: String, _ feed: Feed, isKilled: Bool) {
        feeds.append(feed)
        books.begin(name, clients: feed.clients, isKilled: isKilled)
    }

    /// Takes down how far the engine is with each, when nothing moves any more.
    func end() async throws {
        for (segment, feed) in feeds.enumerated() {
            let progress = try await feed.progress()
            books.end(segment, handedOut: progress.popped, answered: progress.answered)
        }
    }

    /// Reads what is new, in short reads.
    func read() throws {
        let file = try PlainFile(database)
        var isMore = true
        while isMore {
            let before = books.lastEntry
            try file.rows(
                """
                SELECT id, client, json_extract(json_extract(CAST(data AS TEXT), '$.frame.data'), '$.seq'), replay_of FROM journal
                WHERE id > \(before) ORDER BY id LIMIT 2000
                """
            ) { row in
                try books.entry(id: row.integer(0), client: row.text(1), sequence: row.integer(2), isReplay: !row.isNull(3))
            }
            isMore = books.lastEntry - before == 2_000
        }
        isMore = true
        while isMore {
            var count = 0
            try file.rows(
                "SELECT id, message_id FROM outbox WHERE id > \(books.lastCommand) ORDER BY id LIMIT 2000"
            ) { row in
                try books.command(id: row.integer(0), message: row.integer(1))
                count += 1
            }
            isMore = count == 2_000
        }
    }

    func add(_ sample: SoakSample) {
        samples.append(sample)
    }

    func samples(from second: Double) -> [SoakSample] {
        samples.filter { $0.second >= second }
    }

    /// Messages that the engine has written to the consumer.
    func handedOut() async throws -> Int {
        var sum = 0
        for feed in feeds { sum += try await feed.progress().popped }
        return sum
    }

    /// Rows that are not finished, counted.
    func waiting() throws -> (entries: Int, commands: Int) {
        let file = try PlainFile(database)
        return (
            try file.integer("SELECT count(*) FROM journal WHERE state < 8"),
            try file.integer("SELECT count(*) FROM outbox WHERE state < 8")
        )
    }

    func check() throws -> [String] {
        try books.check()
    }

    /// Entries that are not done, and commands that did not arrive though their client was there to the end.
    func leftovers() throws -> [String] {
        let file = try PlainFile(database)
        var lines = try file.texts("SELECT 'entry ' || id || ' is in state ' || state FROM journal WHERE state <> 8 LIMIT 5")
        lines += try file.texts(
            """
            SELECT 'command ' || id || ' is in state ' || state || ', code ' || coalesce(code, '-') FROM outbox
            WHERE state <> 8 AND NOT (state = 9 AND code = 401) LIMIT 5
            """)
        return lines
    }

    func integrity() throws -> [String] {
        try PlainFile(database).texts("PRAGMA integrity_check")
    }
}
