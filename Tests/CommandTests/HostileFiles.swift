import CSQLite
import Testing

/// Files as another program, or somebody who means harm, may leave them.
enum HostileFiles {
    struct File: Sendable, CustomTestStringConvertible {
        let name: String
        /// Run with all of SQLite's checks off.
        let sql: String
        /// Every verb refuses the file.
        var isRefused = false
        /// A consumer is started on it, whatever part of the verbs is tried.
        var meetsConsumer = false

        var testDescription: String { name }
    }

    private static let (most, least) = (Int64.max, Int64.min)

    /// Values that no table should hold.
    static let values: [File] = [
        File(
            name: "unknown states",
            sql: """
                UPDATE journal SET state = 99 WHERE id = 1; UPDATE journal SET state = 5 WHERE id = 2;
                UPDATE outbox SET state = 4; UPDATE action SET state = 99; UPDATE attempt SET outcome = 0;
                """, meetsConsumer: true),
        File(
            name: "the highest ids",
            sql: """
                UPDATE journal SET id = \(most) WHERE id = (SELECT max(id) FROM journal);
                UPDATE outbox SET id = \(most) WHERE id = (SELECT max(id) FROM outbox);
                """, meetsConsumer: true),
        File(
            name: "times at both ends",
            sql: """
                UPDATE journal SET received_at = \(least), state_at = \(least); UPDATE journal SET state_at = \(most) WHERE id = 2;
                UPDATE outbox SET enqueued_at = \(least), state_at = \(most), expires_at = \(least);
                UPDATE attempt SET started_at = \(most), ended_at = \(least);
                UPDATE run SET started_at = \(least), ended_at = \(most); UPDATE epoch SET opened_at = \(least), closed_at = NULL;
                UPDATE gap SET began_at = \(least), ended_at = \(most), consumed = \(least), times = \(most);
                UPDATE action SET created_at = \(least), ended_at = \(most); UPDATE runtime SET updated_at = \(most);
                UPDATE parked_lane SET parked_at = \(least); UPDATE migration SET applied_at = \(least);
                """),
        File(
            name: "open rows with attempts and times at both ends",
            sql: """
                UPDATE journal SET state = 2, attempts = \(most), state_at = \(least), received_at = \(least);
                UPDATE outbox SET state = 2, attempts = \(most), writes = \(most), state_at = \(least), flags = \(most);
                """, meetsConsumer: true),
        File(
            name: "open rows far in the past",
            sql: "UPDATE journal SET state = 2, attempts = 1, state_at = \(least), received_at = \(least)", meetsConsumer: true),
        File(
            name: "claimed rows", sql: "UPDATE journal SET state = 3, attempts = \(least), run = -7, flags = \(least)",
            meetsConsumer: true),
        File(
            name: "commands that are none",
            sql:
                "UPDATE outbox SET state = 2, kind = 4, function = NULL, target = '', data = CAST('1],\"x\":[1' AS BLOB), node = ''",
            meetsConsumer: true),
        File(name: "kinds that are none", sql: "UPDATE outbox SET state = 2, kind = 99"),
        File(
            name: "counters and versions at both ends",
            sql: """
                UPDATE counter SET n = \(least); UPDATE counter SET n = \(most) WHERE state IN (2, 8);
                INSERT OR REPLACE INTO counter VALUES (1, 3, \(most)), (2, 77, -5), (9, 9, 9), (1, \(least), \(most));
                UPDATE change SET version = \(most); DELETE FROM change WHERE what = 2; INSERT INTO change VALUES (77, 1);
                """, meetsConsumer: true),
        File(
            name: "sequences at their end",
            sql:
                "DELETE FROM sqlite_sequence; INSERT INTO sqlite_sequence SELECT value, \(most) FROM json_each('[\"run\",\"action\",\"epoch\",\"gap\"]')",
            meetsConsumer: true),
        File(
            name: "no JSON where JSON is read",
            sql: """
                UPDATE runtime SET nodes = '[{"id":'; UPDATE action SET filter = '}{' || char(27); UPDATE action_item SET before = '[';
                UPDATE action_item SET before = NULL WHERE row = 1; UPDATE journal SET data = x'ff00fe';
                """),
        File(
            name: "actions in impossible states",
            sql: """
                UPDATE action SET total = -1, finished = \(most), ledger = 7 WHERE id = 1;
                INSERT INTO action (id, verb, ledger, actor, filter, state, total, finished, created_at)
                    VALUES (50, 'retry', 1, '', '', 1, \(most), \(least), 0), (51, '', 1, '', '{}', 2, 0, 0, 0);
                INSERT INTO action_item VALUES (50, \(most), 0, NULL, \(least)), (50, \(least), 1, '{}', \(most));
                """),
        File(
            name: "runs that are none",
            sql: "UPDATE run SET pid = -1, clean = 9, version = '', at_risk_high = \(least), at_risk_limit = -1"),
        File(
            name: "texts of another encoding, with zero bytes and escapes",
            sql: """
                UPDATE journal SET topic = CAST(x'ff00fe1b5b33316d0a' AS TEXT), client = CAST(x'c3281b' AS TEXT),
                    last_error = CAST(x'00' AS TEXT), lane = CAST(x'ed a0 80' AS TEXT), node = char(27) || '[2J';
                UPDATE outbox SET target = CAST(x'ff00' AS TEXT), last_error = CAST(x'1bff' AS TEXT);
                UPDATE attempt SET error = CAST(x'ff1b00' AS TEXT); UPDATE action SET actor = CAST(x'ff1b' AS TEXT);
                UPDATE run SET version = CAST(x'ff1b' AS TEXT), synchronous = char(27);
                """.replacing("ed a0 80", with: "eda080")),
        File(
            name: "texts without end",
            sql: """
                UPDATE journal SET topic = 'e' || replace(printf('%.*c', 1000000, 'x'), 'x', char(769)), client = printf('%.*c', 3000000, 'c'),
                    last_error = printf('%.*c', 3000000, 'e'), data = zeroblob(3000000);
                UPDATE outbox SET target = 'e' || replace(printf('%.*c', 1000000, 'x'), 'x', char(769)), last_error = printf('%.*c', 3000000, 'e');
                UPDATE attempt SET error = printf('%.*c', 3000000, 'e');
                """),
        File(
            name: "lanes that are none",
            sql:
                "INSERT OR REPLACE INTO parked_lane VALUES ('', \(least), \(least), ''), ('x', \(most), \(most), ''); DELETE FROM run"
        ),
        File(
            name: "numbers where there is text, text where there are numbers, and nothing at all",
            sql: """
                CREATE TABLE kept AS SELECT name, sql FROM sqlite_schema; PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '') WHERE name IN ('journal', 'outbox');
                """),
    ]

    /// Schemas that are not the library's.
    static let schemas: [File] = [
        "DROP TABLE attempt", "ALTER TABLE journal ADD COLUMN extra TEXT", "DROP INDEX outbox_open", "PRAGMA user_version = -7",
        "CREATE TRIGGER spy AFTER UPDATE ON journal BEGIN DELETE FROM outbox; END", "DELETE FROM migration",
        "PRAGMA user_version = 1",
        "ALTER TABLE run RENAME TO old; CREATE VIEW run AS SELECT * FROM old", "CREATE TABLE json_each (value)",
        "DROP TABLE counter; CREATE TABLE counter (ledger TEXT, state TEXT, n TEXT)", "DROP TABLE migration",
    ].map { File(name: $0, sql: $0, isRefused: true) }

    /// Opens the file as another program would, and runs the statements.
    static func spoil(_ path: String, _ file: File) throws {
        try run(path, "PRAGMA ignore_check_constraints = ON; \(file.sql)")
        guard file.sql.contains("writable_schema") else { return }
        // The schema says nothing of types now.
        try run(
            path,
            """
            UPDATE journal SET topic = NULL, client = 17, received_at = 'soon', attempts = x'ff', data = NULL, node = 1.5 WHERE id > 1;
            UPDATE outbox SET target = NULL, data = NULL, kind = '2', enqueued_at = 1e300, writes = 'x', flags = NULL;
            """)
        try run(
            path,
            """
            PRAGMA writable_schema = ON;
            UPDATE sqlite_master SET sql = (SELECT sql FROM kept WHERE kept.name = sqlite_master.name)
                WHERE name IN ('journal', 'outbox');
            """)
    }

    private static func run(_ path: String, _ sql: String) throws {
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        guard sqlite3_open(path, &handle) == SQLITE_OK else { throw Unwritten(words: "cannot open \(path)") }
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw Unwritten(words: sqlite3_errmsg(handle).map { String(cString: $0) } ?? sql)
        }
    }

    struct Unwritten: Error {
        let words: String
    }
}
