import ConnmixDevEngine
import ConnmixDurable
import Testing

/// What a run of `consume` did.
struct ConsumeRun {
    let frames: [String]
    let outcome: Program.Outcome
    private let database: String

    /// Consumes with a handler, sends the texts, and ends the program with SIGTERM once so many frames arrived.
    init(
        _ texts: [String], answers: Int, database: String, under wrapper: [String] = [], options: [String] = [],
        handler: [String]
    ) async throws {
        self.database = database
        (frames, outcome) = try await withDevEngine(.init(nodes: 1, topics: ["chat"])) { engine in
            let user = try await engine.connectEndUser()
            let arguments =
                ["consume", "--database", database, "--center", engine.center, "--topic", "chat", "--backoff-base", "0.01"]
                + ["--backoff-cap", "0.05", "--log-format", "json"] + options + handler
            let outcome = try await Program.run(arguments, under: wrapper) {
                try await user.send(contentsOf: texts)
                try await engine.waitUntil(within: .seconds(20)) { $0.delivered >= answers }
            }
            await user.close()
            var frames: [String] = []
            for await frame in user.frames { frames.append(frame.text ?? "") }
            return (frames, outcome)
        }
    }

    /// The journal, oldest first.
    func entries() throws -> [JournalRecord] {
        var filter = JournalFilter()
        filter.order = .oldest
        return try Inspector(database: database).entries(filter)
    }

    func states() throws -> [EntryState] { try entries().map(\.state) }

    func errors() throws -> [String] { try entries().map { $0.lastError ?? "" } }
}
