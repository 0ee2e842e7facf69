/// The two tables whose rows are counted by state.
package enum Ledger: Int64, CaseIterable, Sendable, CustomStringConvertible {
    case journal = 1
    case outbox = 2

    package var description: String {
        switch self {
        case .journal: "journal"
        case .outbox: "outbox"
        }
    }

    /// How many rows are not finished, from the counters.
    func openCount(_ connection: Connection) throws -> Int64 {
        try counts(connection).reduce(0) { $0 + ($1.key < 8 ? $1.value : 0) }
    }

    /// The number of rows by state, from the counters.
    func counts(_ connection: Connection) throws -> [Int64: Int64] {
        let select = try connection.statement("SELECT state, n FROM counter WHERE ledger = ?1")
        select.bind(1, rawValue)
        var counts: [Int64: Int64] = [:]
        try select.forEach { counts[$0.int(0)] = $0.amount(1) }
        return counts
    }
}

/// How many rows moved into or out of each state during one transaction.
///
/// The counters in the file are changed once a transaction, whatever the number of rows, so that `status` never counts.
struct CountDeltas {
    private static let states = 16

    /// Whether a state can be counted; others are in no file that this program wrote.
    static func knows(_ state: Int64) -> Bool { (0..<Int64(states)).contains(state) }

    private var deltas = [Int64](repeating: 0, count: 2 * states)
    private(set) var isEmpty = true

    mutating func add(_ count: Int, to state: Int64, of ledger: Ledger) {
        guard count != 0 else { return }
        assert(Self.knows(state), "states are looked at before they are counted")
        deltas[Int(ledger.rawValue - 1) * Self.states + Int(state)] += Int64(count)
        isEmpty = false
    }

    mutating func clear() {
        guard !isEmpty else { return }
        for index in deltas.indices { deltas[index] = 0 }
        isEmpty = true
    }

    func write(to connection: Connection) throws {
        guard !isEmpty else { return }
        let upsert = try connection.statement(
            """
            INSERT INTO counter (ledger, state, n) VALUES (?1, ?2, ?3)
            ON CONFLICT (ledger, state) DO UPDATE SET n = max(-9007199254740992, min(9007199254740992, n)) + excluded.n
            """)
        for (index, delta) in deltas.enumerated() where delta != 0 {
            upsert.bind(1, Int64(index / Self.states + 1))
            upsert.bind(2, Int64(index % Self.states))
            upsert.bind(3, delta)
            try upsert.run()
        }
    }
}
