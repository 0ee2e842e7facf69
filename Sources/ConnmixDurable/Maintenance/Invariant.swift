/// What must hold of the library's own tables beside what SQLite checks.
struct Invariant {
    enum Cost {
        /// An index answers it, or there are few rows.
        case small
        /// Every row of a ledger is read.
        case full
    }

    let name: String
    /// Answers how many rows break it, and one of them.
    let sql: String
    /// What is said of them; `%n` is how many, `%e` the example.
    let words: String
    var cost = Cost.small

    func words(count: Int64, example: String) -> String {
        words.replacing("%n", with: "\(count)").replacing("%e", with: example)
    }

    static let all: [Invariant] = [
        counter("journal", 1, "the open entries", "state < 8", states: "c.state < 8"),
        counter("journal", 1, "the dead, discarded and replayed entries", "state > 8", states: "c.state > 8"),
        counter("outbox", 2, "the pending commands", "state < 8", states: "c.state < 8"),
        counter("outbox", 2, "the commands that ended without being sent", "state > 8", states: "c.state > 8"),
        counter("journal", 1, "the done entries", "state = 8", states: "c.state = 8", cost: .full),
        counter("outbox", 2, "the sent commands", "state = 8", states: "c.state = 8", cost: .full),
        Invariant(
            name: "ids of the journal", sql: "SELECT count(*), min(id) FROM (SELECT id FROM journal WHERE id < 1 LIMIT 1000)",
            words: "%n entries have ids below 1, for example %e"),
        Invariant(
            name: "ids of the outbox", sql: "SELECT count(*), min(id) FROM (SELECT id FROM outbox WHERE id < 1 LIMIT 1000)",
            words: "%n commands have ids below 1, for example %e"),
        // A sum of two of these may be more than a number can hold.
        Invariant(
            name: "ids of the journal and what is left of them",
            sql: "SELECT count(*), id FROM journal WHERE id > 4611686018427387904",
            words: "%n entries use up the ids, for example %e"),
        Invariant(
            name: "ids of the outbox and what is left of them",
            sql: "SELECT count(*), id FROM outbox WHERE id > 4611686018427387904",
            words: "%n commands use up the ids, for example %e"),
        // What integrity_check cannot see: values that fit the tables' CHECK and are none.
        Invariant(
            name: "the open entries' states, attempts and times",
            sql: """
                SELECT count(*), min(id) FROM journal WHERE state < 8 AND (state NOT IN (2, 3)
                    OR attempts NOT BETWEEN 0 AND 2147483647 OR abs(state_at / 2) > 576460752303423488
                    OR abs(received_at / 2) > 576460752303423488)
                """,
            words: "%n open entries have a state, attempts or times that cannot be, for example %e"),
        Invariant(
            name: "the pending commands' states, attempts and times",
            sql: """
                SELECT count(*), min(id) FROM outbox WHERE state < 8 AND (state <> 2 OR attempts NOT BETWEEN 0 AND 2147483647
                    OR writes NOT BETWEEN 0 AND 2147483647 OR abs(state_at / 2) > 576460752303423488
                    OR abs(enqueued_at / 2) > 576460752303423488)
                """,
            words: "%n pending commands have a state, attempts or times that cannot be, for example %e"),
        // Pruning takes entries away, and no id is used twice: a missing entry must be older than the newest.
        Invariant(
            name: "commands and their entries",
            sql: """
                SELECT count(*), min(id) FROM outbox
                WHERE message_id IS NOT NULL AND message_id > (SELECT coalesce(max(id), 0) FROM journal)
                """,
            words: "%n commands come from entries that were never there, for example command %e"),
        Invariant(
            name: "replays and their originals",
            sql: "SELECT count(*), min(id) FROM journal WHERE replay_of IS NOT NULL AND replay_of >= id",
            words: "%n replays are older than what they replay, for example entry %e"),
        Invariant(
            name: "attempts and their entries",
            sql: "SELECT count(*), min(entry) FROM attempt WHERE entry > (SELECT coalesce(max(id), 0) FROM journal)",
            words: "%n attempts belong to entries that were never there, for example %e"),
        Invariant(
            name: "parked lanes and their heads",
            sql: """
                SELECT count(*), min(entry) FROM parked_lane
                WHERE NOT EXISTS (SELECT 1 FROM journal WHERE journal.id = parked_lane.entry AND journal.state IN (9, 11))
                """,
            words: "%n lanes are parked behind entries that are neither dead nor replayed, for example %e"),
        Invariant(
            name: "remembered keys and their entries",
            sql: "SELECT count(*), min(entry) FROM dedupe WHERE entry > (SELECT coalesce(max(id), 0) FROM journal)",
            words: "%n keys belong to entries that were never there, for example %e"),
        Invariant(
            name: "actions and their rows",
            sql: "SELECT count(*), min(id) FROM action WHERE finished > total",
            words: "%n actions changed more rows than they meant, for example action %e"),
        // What the newest run claimed is its own; what others claimed was given back when it began.
        Invariant(
            name: "claimed entries and their run",
            sql: """
                SELECT count(*), min(id) FROM journal
                WHERE state < 8 AND state = 3 AND run <> (SELECT coalesce(max(id), 0) FROM run)
                """,
            words: "%n entries are claimed by a run that is over, for example %e"),
    ]

    private static func counter(
        _ table: String, _ ledger: Int, _ rows: String, _ condition: String, states: String, cost: Cost = .small
    ) -> Invariant {
        Invariant(
            name: "the counters of \(rows)",
            sql: """
                SELECT count(*), min(state || ': counted ' || counted || ', there are ' || there) FROM (
                    SELECT state, sum(n) AS counted, sum(m) AS there FROM (
                        SELECT c.state AS state, max(-9007199254740992, min(9007199254740992, c.n)) AS n, 0 AS m FROM counter AS c
                        WHERE c.ledger = \(ledger) AND \(states)
                        UNION ALL
                        SELECT state, 0, count(*) FROM \(table) WHERE \(condition) GROUP BY state)
                    GROUP BY state HAVING sum(n) <> sum(m))
                """,
            words: "the \(table)'s counters are wrong in %n states (state %e)", cost: cost)
    }
}
