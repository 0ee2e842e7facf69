/// What the engine handed out and what it received, against the file: by plain SQL, after each death.
struct ConsumerBooks {
    private let places: [String: Int]
    private(set) var entries = 0
    private var handedOut = 0
    private var repeats = 0
    private var isComplete = false

    init(clients: [String]) {
        places = Dictionary(uniqueKeysWithValues: clients.enumerated().map { ($1, $0) })
    }

    /// - Parameters:
    ///   - handedOut: messages that the engine wrote to a socket, in the order of their numbers.
    ///   - received: frames that reached each client, in order.
    mutating func compare(_ file: borrowing PlainFile, handedOut: Int, received: [String: [String]]) throws {
        self.handedOut = handedOut
        let before = entries
        try readEntries(file, handedOut: handedOut)
        try hold(entries >= before, "P2: there were \(before) entries, and now there are \(entries)")
        try hold(
            try file.integer("SELECT count(*) FROM journal WHERE state = 8 AND id NOT IN (SELECT message_id FROM outbox)") == 0,
            "P3: an entry is done, and its command is not there")
        try hold(
            try file.integer("SELECT count(*) FROM outbox WHERE message_id NOT IN (SELECT id FROM journal WHERE state = 8)") == 0,
            "P3: a command is there, and its entry is not done")
        try hold(
            try file.integer("SELECT count(*) - count(DISTINCT message_id) FROM outbox") == 0, "P3: an entry has two commands")
        try compareCommands(file, received)
        isComplete =
            try file.integer(
                "SELECT (SELECT count(*) FROM journal WHERE state <> 8) + (SELECT count(*) FROM outbox WHERE state <> 8)") == 0
    }

    private mutating func readEntries(_ file: borrowing PlainFile, handedOut: Int) throws {
        var last: [Int: Int] = [:]
        var count = 0
        let places = places
        try file.rows(
            """
            SELECT id, client, json_extract(json_extract(CAST(data AS TEXT), '$.frame.data'), '$.seq') FROM journal ORDER BY id
            """
        ) { row in
            count += 1
            try hold(row.integer(0) == count, "P2: entry \(count) is missing")
            guard let place = places[row.text(1)] else { throw BrokenPromise("entry \(count) is of nobody") }
            let sequence = row.integer(2)
            // Seen twice, or out of order: what is lost in a process that dies makes a hole, and nothing else.
            try hold(
                sequence > last[place, default: -1],
                "P5: of client \(row.text(1)) message \(sequence) was journaled after \(last[place, default: -1])")
            last[place] = sequence
            try hold(sequence * places.count + place < handedOut, "entry \(count) was never handed out")
        }
        entries = count
    }

    private mutating func compareCommands(_ file: borrowing PlainFile, _ received: [String: [String]]) throws {
        var committed: [String: [String]] = [:]
        var sent: [String: [String]] = [:]
        try file.rows("SELECT target, CAST(data AS TEXT), state FROM outbox ORDER BY id") { row in
            committed[row.text(0), default: []].append(row.text(1))
            if row.integer(2) == 8 { sent[row.text(0), default: []].append(row.text(1)) }
        }
        repeats = 0
        for (client, texts) in received {
            var seen: Set<String> = []
            let firsts = texts.filter { seen.insert($0).inserted }
            repeats += texts.count - firsts.count
            let promised = committed[client, default: []]
            try hold(
                firsts == Array(promised.prefix(firsts.count)),
                "P3, P5: client \(client) received what is not committed, or in another order")
            for text in sent[client, default: []] where !seen.contains(text) {
                throw BrokenPromise("P4: a command to \(client) is marked as sent, and never arrived")
            }
        }
    }

    /// When everything has been worked off.
    func end() throws -> String {
        try hold(isComplete, "P2, P4: at the end not every entry is done, or not every command sent")
        return "handed out \(handedOut), journaled and answered \(entries), lost with its process \(handedOut - entries), "
            + "answers that came twice \(repeats)"
    }
}
