/// What to do with entries that a dead process had claimed.
///
/// Suspect is only what was in a handler of that process (promise P6): it said so as it went (`LiveAccount`). Everything else only
/// waited, and goes back as it was. Suspects are handled one at a time, beside others that are none, so at each death at most one
/// of those in handlers was a suspect already:
///
/// - Such a one, or one that was the only one in a handler, is to blame: the attempt counts, and it is buried when its attempts
///   are used up. Those beside it become suspects and lose nothing.
/// - Where there is none, all that were in handlers may be to blame: the attempt counts, and they become suspects.
///
/// So the one that kills is found. After its first death it is a suspect; from then on each death is counted for it, or for another
/// suspect that it was beside, once. One that is innocent is blamed again only where yet another killer, never seen before, is
/// beside it, and what was handled to an end is no suspect any more.
enum Recovery {
    /// An entry that was claimed when the process died.
    struct Claimed: Equatable {
        var id: Int64
        /// The one under way included.
        var attempts = 1
        var isSuspect = false
        /// A handler of the process had it.
        var isHeld = false
        /// How many attempts its topic has, where that is a number of its own.
        var maxAttempts: Int?
    }

    enum Verdict: Equatable {
        /// No handler had it.
        case waited
        /// A handler had it, and another one is to blame: a suspect, nothing is counted.
        case beside
        /// One of several that may be to blame: a suspect, counted.
        case suspected
        /// To blame: a suspect, counted.
        case convicted
        /// To blame, and its attempts are used up.
        case buried
    }

    struct Outcome: Equatable {
        var suspects = 0
        var buried = 0
        var released = 0
    }

    /// One for each of the claimed, in their order.
    static func verdicts(on claimed: [Claimed], maxAttempts: Int) -> [Verdict] {
        let held = claimed.filter(\.isHeld)
        let marked = held.filter(\.isSuspect)
        // Never more than one, but a torn account may say anything; several are no proof against any.
        let guilty = marked.count == 1 ? marked.first : held.count == 1 ? held.first : nil
        return claimed.map { entry in
            guard entry.isHeld else { return .waited }
            guard let guilty else { return .suspected }
            guard entry.id == guilty.id else { return .beside }
            return entry.attempts >= (entry.maxAttempts ?? maxAttempts) ? .buried : .convicted
        }
    }

    /// - Parameters:
    ///   - account: what the dead run said of itself. Without one nobody is suspected anew.
    ///   - parks: whether a buried entry's lane stands still.
    static func run(
        _ transaction: Transaction, run: Int64, account: LiveAccount.Reading?, maxAttempts: Int,
        attemptsByTopic: [String: Int] = [:], parks: Bool = false
    ) throws -> Outcome {
        var claimed: [Claimed] = []
        var since: [Int64: Int64] = [:]
        let select = try transaction.connection.statement(
            "SELECT id, attempts, flags, run, state_at, topic FROM journal WHERE state < 8 AND state = 3 ORDER BY id")
        try select.forEach { row in
            let id = row.int(0)
            let isHeld = account.map { $0.run == row.int(3) && $0.entries.contains(id) } ?? false
            if isHeld { since[id] = row.int(4) }
            claimed.append(
                Claimed(
                    id: id, attempts: Int(row.int(1)), isSuspect: EntryFlags(rawValue: row.int(2)).contains(.suspect),
                    isHeld: isHeld, maxAttempts: attemptsByTopic.isEmpty ? nil : attemptsByTopic[row.text(5)]))
        }
        let verdicts = verdicts(on: claimed, maxAttempts: maxAttempts)
        var outcome = Outcome()
        var released: [Int64] = []
        for (entry, verdict) in zip(claimed, verdicts) {
            func attempt(_ error: String) -> FailedAttempt {
                FailedAttempt(
                    number: entry.attempts, outcome: .crashed, startedAt: since[entry.id] ?? transaction.now,
                    endedAt: transaction.now, error: "\(error) (attempt \(entry.attempts))")
            }
            switch verdict {
            case .waited:
                released.append(entry.id)
                outcome.released += 1
            case .beside:
                released.append(entry.id)
                try JournalTable.suspect(transaction, id: entry.id)
                outcome.suspects += 1
            case .suspected:
                let attempt = attempt("\(death) or one of \(since.count - 1) others")
                try JournalTable.retry(transaction, id: entry.id, availableAt: transaction.now, attempt: attempt, run: run)
                try JournalTable.suspect(transaction, id: entry.id)
                outcome.suspects += 1
            case .convicted:
                try JournalTable.retry(transaction, id: entry.id, availableAt: transaction.now, attempt: attempt(death), run: run)
                try JournalTable.suspect(transaction, id: entry.id)
                outcome.suspects += 1
            case .buried:
                let attempt = attempt(death)
                try JournalTable.bury(transaction, id: entry.id, attempt: attempt, run: run)
                if parks, let lane = try lane(transaction, of: entry.id) {
                    try ParkedLanes.park(transaction, lane: lane, entry: entry.id, reason: attempt.error)
                }
                outcome.buried += 1
            }
        }
        try JournalTable.release(transaction, ids: released)
        return outcome
    }

    private static let death = "the process died while it handled this entry"

    /// The lane's name; `nil` where the entry has none.
    private static func lane(_ transaction: Transaction, of id: Int64) throws -> String? {
        let select = try transaction.connection.statement("SELECT coalesce(lane, client) FROM journal WHERE id = ?1")
        select.bind(1, id)
        let name = try select.first { $0.text(0) } ?? ""
        return name.isEmpty ? nil : name
    }
}
