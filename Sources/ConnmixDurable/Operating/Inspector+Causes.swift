/// Why messages failed.
extension Inspector {
    private static let page = 5_000

    /// The failures between two times, grouped by their errors, most messages first.
    ///
    /// Each message counts once, for its last failure in that time; one that was replayed does not, its replay does. Numbers in errors are made equal (`FailureCause.name`), so that
    /// "order 17 not found" and "order 18 not found" are one cause. Reads in short pages.
    ///
    /// - Parameters:
    ///   - since: in microseconds since 1970.
    ///   - until: before that time.
    public func causes(since: Int64, until: Int64 = .max) throws -> [FailureCause] {
        try causes(since: since, until: until) { _ in }
    }

    /// The same, telling after each read how many rows it went over.
    package func causes(since: Int64, until: Int64, looked: (Int) throws -> Void) throws -> [FailureCause] {
        var tally = CauseTally()
        var cursor = AttemptCursor(time: since, entry: .min, number: .min)
        var isLast = false
        while !isLast {
            let failures = try read { try Self.failures($0, from: cursor, until: until, limit: Self.page) }
            for failure in failures where !failure.isReplayed {
                tally.add(entry: failure.at.entry, at: failure.at.time, error: failure.error)
            }
            cursor = failures.last?.at ?? cursor
            try looked(failures.count)
            isLast = failures.count < Self.page
        }
        // What was dead on arrival has no attempt. Newest first, down to what was received before (ids grow in the order of arrival)
        // and is older than all that failed.
        let oldest = tally.oldestEntry ?? .max
        var floor = Int64.max
        isLast = false
        while !isLast {
            let page = try read { try Self.troubled($0, below: floor, limit: Self.page) }
            let unread = page.filter { $0.isDead && $0.attempts == 0 }.map(\.id)
            for failure in try read({ try Self.deadOnArrival($0, unread, since: since, until: until) }) {
                tally.add(entry: failure.id, at: failure.time, error: failure.error)
            }
            for entry in page where entry.isDead { tally.isDead(entry.id) }
            floor = page.last?.id ?? floor
            try looked(page.count)
            isLast = page.count < Self.page || floor < oldest && page.allSatisfy { $0.receivedAt < since }
        }
        return tally.causes
    }

    private struct AttemptCursor {
        var time: Int64
        var entry: Int64
        var number: Int64
    }

    private static func failures(
        _ connection: Connection, from cursor: AttemptCursor, until: Int64, limit: Int
    ) throws -> [(at: AttemptCursor, error: String, isReplayed: Bool)] {
        // The columns of `attempt_by_time` and of the key that it points to, in their order.
        let select = try connection.statement(
            """
            SELECT ended_at, entry, number, error,
                EXISTS (SELECT 1 FROM journal INDEXED BY journal_troubled WHERE id = entry AND state > 8 AND state = 11)
            FROM attempt
            WHERE (ended_at, entry, number) > (?1, ?2, ?3) AND ended_at < ?4
            ORDER BY ended_at, entry, number LIMIT ?5
            """)
        select.bind(1, cursor.time)
        select.bind(2, cursor.entry)
        select.bind(3, cursor.number)
        select.bind(4, until)
        select.bind(5, Int64(limit))
        var failures: [(at: AttemptCursor, error: String, isReplayed: Bool)] = []
        try select.forEach { row in
            let at = AttemptCursor(time: row.int(0), entry: row.int(1), number: row.int(2))
            failures.append((at, row.text(3), row.int(4) != 0))
        }
        return failures
    }

    private struct TroubledEntry {
        var id: Int64
        var isDead: Bool
        var attempts: Int64
        var receivedAt: Int64
    }

    /// From the index `journal_troubled` alone.
    private static func troubled(_ connection: Connection, below: Int64, limit: Int) throws -> [TroubledEntry] {
        let select = try connection.statement(
            """
            SELECT id, state = 9, attempts, received_at FROM journal
            WHERE state > 8 AND id < ?1 ORDER BY id DESC LIMIT ?2
            """)
        select.bind(1, below)
        select.bind(2, Int64(limit))
        var entries: [TroubledEntry] = []
        try select.forEach { row in
            entries.append(
                TroubledEntry(id: row.int(0), isDead: row.int(1) != 0, attempts: row.int(2), receivedAt: row.int(3)))
        }
        return entries
    }

    /// Those of the entries that died within the time.
    private static func deadOnArrival(
        _ connection: Connection, _ ids: [Int64], since: Int64, until: Int64
    ) throws -> [(id: Int64, time: Int64, error: String)] {
        let select = try connection.statement("SELECT state_at, last_error FROM journal WHERE id = ?1 AND state = 9")
        return try ids.compactMap { id in
            select.bind(1, id)
            guard let found = try select.first({ (time: $0.int(0), error: $0.text(1)) }) else { return nil }
            return found.time >= since && found.time < until ? (id, found.time, found.error) : nil
        }
    }
}

/// Messages that failed in the same way.
public struct FailureCause: Sendable, Equatable {
    /// The error with its numbers made equal.
    public let name: String
    /// How many messages failed so last.
    public internal(set) var messages = 0
    /// How many of them are dead now.
    public internal(set) var dead = 0
    /// How many attempts failed so.
    public internal(set) var attempts = 0
    /// Microseconds since 1970, UTC; as all times here.
    public let firstSeen: Int64
    /// When the newest of these failures was.
    public internal(set) var lastSeen: Int64
    /// The message that failed so most recently.
    public internal(set) var example: Int64
    /// The error of the example, to the letter.
    public internal(set) var error: String

    /// No name is made of more of an error than this.
    private static let nameBytes = 1_024

    /// An error without what is different each time: runs of digits, and long words of hexadecimal digits, become `#`. Everything that
    /// names causes names them so.
    public static func name(of error: String) -> String {
        var name: [UInt8] = []
        var word: [UInt8] = []
        func flush() {
            let digits = word.count { isDigit($0) }
            if digits > 0, word.count >= 8, word.allSatisfy(isHex) {
                name.append(UInt8(ascii: "#"))
            } else {
                var isInRun = false
                for byte in word {
                    if !isDigit(byte) { name.append(byte) } else if !isInRun { name.append(UInt8(ascii: "#")) }
                    isInRun = isDigit(byte)
                }
            }
            word.removeAll(keepingCapacity: true)
        }
        for byte in beginning(of: error) {
            if isDigit(byte) || isLetter(byte) {
                word.append(byte)
            } else {
                flush()
                name.append(byte)
            }
        }
        flush()
        return String(decoding: name, as: UTF8.self)
    }

    /// Up to the limit, without a part of a character.
    private static func beginning(of error: String) -> Substring.UTF8View {
        var end = error.utf8.index(error.startIndex, offsetBy: nameBytes, limitedBy: error.endIndex) ?? error.endIndex
        while end < error.endIndex, error.utf8[end] & 0xC0 == 0x80 { end = error.utf8.index(before: end) }
        return error[..<end].utf8
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 6 }
}

/// Adds failures up, oldest first. Pure.
struct CauseTally {
    private var found: [FailureCause] = []
    private var places: [String: Int] = [:]
    /// Most errors are the same to the letter.
    private var known: [String: Int] = [:]
    /// Which cause a message failed for last.
    private var last: [Int64: Int] = [:]

    private static let knownLimit = 10_000

    var oldestEntry: Int64? { last.keys.min() }

    mutating func add(entry: Int64, at time: Int64, error: String) {
        let place = place(of: error, entry: entry, at: time)
        found[place].attempts += 1
        if time >= found[place].lastSeen {
            found[place].lastSeen = time
            found[place].example = entry
            found[place].error = error
        }
        last[entry] = place
    }

    mutating func isDead(_ entry: Int64) {
        if let place = last[entry] { found[place].dead += 1 }
    }

    var causes: [FailureCause] {
        var causes = found
        for place in last.values { causes[place].messages += 1 }
        return causes.sorted { ($0.messages, $0.attempts, $0.lastSeen) > ($1.messages, $1.attempts, $1.lastSeen) }
    }

    private mutating func place(of error: String, entry: Int64, at time: Int64) -> Int {
        if let place = known[error] { return place }
        let name = FailureCause.name(of: error)
        let place = places[name] ?? found.count
        if place == found.count {
            places[name] = place
            found.append(FailureCause(name: name, firstSeen: time, lastSeen: time, example: entry, error: error))
        }
        if known.count < Self.knownLimit { known[error] = place }
        return place
    }
}
