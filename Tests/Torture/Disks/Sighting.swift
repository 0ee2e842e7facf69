internal import ConnmixDevEngine

/// What somebody outside had seen by a moment of a run: the file has to have it after every later power cut.
struct Sighting: Sendable {
    enum Kind: Sendable {
        /// It reached an end user: the entry that it answers is done, and the command is there.
        case answer(client: String, text: String)
        /// A program that enqueued it beside the consumer ended well.
        case command(target: String, text: String)
    }

    /// How long the log of calls was by then: of what is behind it nothing is known.
    let bytes: Int
    let kind: Kind

    /// Takes down each answer as it comes, until there are so many.
    static func answers(_ feed: Feed, count: Int, log: String) async throws -> [Sighting] {
        var sightings: [Sighting] = []
        var seen: [String: Int] = [:]
        while sightings.count < count {
            for client in feed.clients {
                let texts = try await feed.received(by: client)
                let length = Torture.bytes(of: log)
                for text in texts.dropFirst(seen[client, default: 0]) {
                    sightings.append(Sighting(bytes: length, kind: .answer(client: client, text: text)))
                }
                seen[client] = texts.count
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        return sightings
    }

    /// Holds all of them in a file as a cut left it.
    static func check(_ sightings: some Sequence<Sighting>, in file: borrowing PlainFile) throws {
        var commands: [String: Int] = [:]
        try file.rows(
            """
            SELECT o.target || ' ' || CAST(o.data AS TEXT), coalesce(j.state, 0) FROM outbox AS o LEFT JOIN journal AS j ON j.id = o.message_id
            """
        ) { commands[$0.text(0)] = $0.integer(1) }
        for sighting in sightings {
            switch sighting.kind {
            case .answer(let client, let text):
                try hold(
                    commands["\(client) \(text)"] == 8,
                    "P3, P4: client \(client) had \(text), and its command or its entry is not there")
            case .command(let target, let text):
                try hold(commands["\(target) \(text)"] != nil, "P4: \(text) was enqueued for \(target), and is not there")
            }
        }
    }
}
