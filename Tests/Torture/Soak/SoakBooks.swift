/// What the engine handed out, against what was found in the file while it was there: retention deletes it later.
///
/// A value; whoever reads the file tells it each new row once, in the order of the ids.
struct SoakBooks: Sendable {
    /// The messages of one node's life.
    struct Segment: Sendable {
        let name: String
        /// The node was killed with what it held, so the last messages that it handed out may not have arrived.
        let isKilled: Bool
        let clients: Int
        var found = Bits()
        var replays = 0
        /// Messages that the engine wrote to the consumer, and frames that came back, when everything had ended.
        var end: (handedOut: Int, answered: Int)?
    }

    private(set) var segments: [Segment] = []
    private var places: [String: (segment: Int, client: Int)] = [:]
    private(set) var lastEntry = 0
    private(set) var lastCommand = 0
    private var entries = 0
    private var answered = Bits()

    mutating func begin(_ name: String, clients: [String], isKilled: Bool) {
        for (place, client) in clients.enumerated() { places[client] = (segments.count, place) }
        segments.append(Segment(name: name, isKilled: isKilled, clients: clients.count))
    }

    mutating func end(_ segment: Int, handedOut: Int, answered: Int) {
        segments[segment].end = (handedOut, answered)
    }

    mutating func entry(id: Int, client: String, sequence: Int, isReplay: Bool) throws {
        try hold(id == lastEntry + 1, "after entry \(lastEntry) comes \(id): ids have a hole")
        lastEntry = id
        entries += 1
        guard let (segment, place) = places[client] else {
            throw BrokenPromise("entry \(id) is of client \(client), whom nobody knows")
        }
        if isReplay {
            segments[segment].replays += 1
        } else {
            let number = sequence * segments[segment].clients + place
            try hold(
                segments[segment].found.insert(number),
                "P2: message \(number) of \(segments[segment].name) is in the journal twice, again as entry \(id)")
        }
    }

    mutating func command(id: Int, message: Int) throws {
        lastCommand = id
        try hold(answered.insert(message), "P3: entry \(message) has a second command, \(id)")
    }

    /// Holds the promises of all of it, when everything has been read and every segment has ended. Returns lines of a report.
    func check() throws -> [String] {
        try hold(answered.count == entries, "P3: \(entries) entries have \(answered.count) commands")
        var lines: [String] = []
        var (handedOut, found, lost) = (0, 0, 0)
        for segment in segments {
            guard let end = segment.end else { throw BrokenPromise("\(segment.name) has not ended") }
            handedOut += end.handedOut
            found += segment.found.count
            // The connection is read in order, so what is missing can only be the last of what was handed out.
            try hold(
                segment.found.gap == segment.found.count,
                "P2: \(segment.name): message \(segment.found.gap) is not in the journal, though later ones are")
            if segment.isKilled {
                try hold(segment.found.count <= end.handedOut, "\(segment.name): more was journaled than handed out")
                lost += end.handedOut - segment.found.count
            } else {
                try hold(
                    segment.found.count == end.handedOut,
                    "P2: \(segment.name): \(end.handedOut) messages were handed out, \(segment.found.count) are in the journal")
                try hold(
                    end.answered >= end.handedOut + segment.replays,
                    "P4: \(segment.name): \(end.handedOut + segment.replays) answers were committed, \(end.answered) arrived")
            }
        }
        lines.append(
            "nodes that lived: \(segments.count), of which killed with what they held: \(segments.count { $0.isKilled })")
        lines.append("handed out by the engine: \(handedOut); in the journal: \(found)")
        lines.append("handed out on connections that nodes took with them, and not read: \(lost); all others are there, once")
        lines.append("replays: \(segments.reduce(0) { $0 + $1.replays }); commands: \(answered.count)")
        return lines
    }
}
