internal import ConnmixDevEngine
internal import FoundationEssentials
internal import TestSupport

/// A scripted run of the real program, whose writes and syncs are written down; then each state in which a power cut could have left its
/// files is made, opened with the real program, and looked at by plain SQL.
public struct PowerCuts: Sendable {
    /// The rows that were there when a command had said that it is done.
    private struct Promise: Sendable {
        /// From this record on.
        let record: Int
        let entries: [Int: String]
        let states: [Int: Int]
        let commands: [Int: String]
    }

    private let folder: String
    private let tap: DiskTap
    private let say: @Sendable (String) -> Void

    public init(folder: String, say: @escaping @Sendable (String) -> Void) async throws {
        (self.folder, self.say) = (folder, say)
        tap = try await DiskTap(folder: folder)
    }

    private var database: String { folder + "/run.sqlite3" }
    private var log: String { folder + "/calls.log" }
    private var said: String { folder + "/said.txt" }

    /// - Parameters:
    ///   - stride: 1 for a cut at every call; a test takes one of many.
    ///   - width: how many states are looked at at once, each in a folder of its own.
    /// - Returns: how many states were looked at.
    public func run(seed: UInt64, stride: Int = 1, width: Int = 4) async throws -> Int {
        var random = SeededGenerator(seed: seed)
        let (promises, sightings) = try await record()
        let records = try TapRecord.read(log)
        say(
            "\(records.count) calls were written down, \(promises.count) times a command said that it is done, "
                + "\(sightings.count) times something was seen from outside")
        return try await withThrowingTaskGroup(of: Int.self) { group in
            try await cut(records, promises, sightings, stride: stride, width: width, &random, &group)
        }
    }

    private func cut(
        _ records: [TapRecord], _ promises: [Promise], _ sightings: [Sighting], stride: Int, width: Int,
        _ random: inout SeededGenerator, _ group: inout ThrowingTaskGroup<Int, any Error>
    ) async throws -> Int {
        var states = CrashStates()
        states.put(database, [])
        var (count, cuts) = (0, 0)
        var free = Array(0..<width)
        for (number, call) in records.enumerated() {
            states.advance(call)
            guard call.kind != .lock, call.kind != .read else { continue }
            cuts += 1
            guard cuts % stride == 0 else { continue }
            let next = promises.firstIndex { $0.record > number + 1 } ?? promises.count
            let promised = next > 0 ? promises[next - 1] : nil
            let coming = next < promises.count ? promises[next] : promised
            let choices: [CrashStates.Choice] = states.pendingCount == 0 ? [.kept] : CrashStates.Choice.allCases
            for choice in choices {
                count += 1
                let words = "cut after call \(number + 1), un-synced writes \(choice)"
                let cut = states.cut(choice, using: &random)
                let seen = sightings.filter { $0.bytes <= call.end }
                if free.isEmpty, let place = try await group.next() { free.append(place) }
                let place = free.removeLast()
                group.addTask {
                    try await look(cut, promised, coming, seen, words, in: "\(folder)/cut-\(place)")
                    return place
                }
            }
            if cuts % (stride * 50) == 0 { say("\(number + 1) of \(records.count) calls, \(count) states") }
        }
        try await group.waitForAll()
        return count
    }

    // MARK: The run

    private func record() async throws -> ([Promise], [Sighting]) {
        var lines = ""
        for number in 0..<20 {
            lines +=
                #"{"topic":"chat","client":"\#(number % 4)","data":{"frame":{"type":"text","data":"\#(number)"}},"state":"dead"}"#
                + "\n"
        }
        try Data(lines.utf8).write(to: URL(fileURLWithPath: folder + "/lines.ndjson"))
        try Data().write(to: URL(fileURLWithPath: database))
        var promises: [Promise] = []
        for words in [
            ["database", "migrate"], ["journal", "import", folder + "/lines.ndjson", "--yes"], ["send", "17", "hello"],
            ["journal", "discard", "1", "2", "--yes"], ["journal", "retry", "3-10", "--yes"], ["send", "18", "hello"],
        ] {
            try await command(words)
            promises.append(try promise())
        }
        let sightings = try await consume()
        promises.append(try promise())
        for words in [["journal", "replay", "11-14", "--yes"], ["journal", "restore", "1", "--yes"], ["database", "vacuum"]] {
            try await command(words)
            promises.append(try promise())
        }
        return (promises, sightings)
    }

    private func command(_ words: [String]) async throws {
        let ending = try await Program.run(
            "connmix-durable", words + ["--database", database], environment: tap.recording(to: log), output: said)
        try hold(ending == .exited(0), "\(words.joined(separator: " ")) ended with \(ending), see \(said)")
    }

    /// A consumer handles what waits, and twenty messages from an engine, while somebody else enqueues commands.
    private func consume() async throws -> [Sighting] {
        var configuration = DevEngine.Configuration()
        configuration.settings.recording = false
        return try await withDevEngine(configuration) { engine in
            let program = try Program(
                "connmix-durable",
                [
                    "consume", "--echo", "--topic", "chat", "--database", database, "--center", engine.center, "--log-level",
                    "error",
                ],
                environment: tap.recording(to: log), output: said)
            do {
                try await engine.waitUntil(within: .seconds(60)) { $0.nodes[0].consumers == 1 }
                let feed = try await engine.feed(count: 20, clients: 4, payloadBytes: 100, perSecond: 100, recordsTexts: true)
                async let answers = Sighting.answers(feed, count: 20, log: log)
                let enqueued = try await enqueue()
                let sightings = try await answers + enqueued
                let ending = await program.terminate()
                try hold(ending == .exited(0), "the consumer ended with \(ending), see \(said)")
                return sightings.sorted { $0.bytes < $1.bytes }
            } catch {
                await program.kill()
                throw error
            }
        }
    }

    private func enqueue() async throws -> [Sighting] {
        var sightings: [Sighting] = []
        for number in 1...3 {
            try await command(["send", "19", "beside \(number)"])
            sightings.append(Sighting(bytes: bytes(of: log), kind: .command(target: "19", text: "beside \(number)")))
        }
        return sightings
    }

    private func promise() throws -> Promise {
        let file = try PlainFile(database)
        return Promise(
            record: try TapRecord.read(log).count, entries: try Self.entries(file), states: try Self.states(file),
            commands: try Self.commands(file))
    }

    private static func entries(_ file: borrowing PlainFile) throws -> [Int: String] {
        var rows: [Int: String] = [:]
        try file.rows("SELECT id, client || ' ' || CAST(data AS TEXT) FROM journal") { rows[$0.integer(0)] = $0.text(1) }
        return rows
    }

    private static func states(_ file: borrowing PlainFile) throws -> [Int: Int] {
        var rows: [Int: Int] = [:]
        try file.rows("SELECT id, state FROM journal") { rows[$0.integer(0)] = $0.integer(1) }
        return rows
    }

    private static func commands(_ file: borrowing PlainFile) throws -> [Int: String] {
        var rows: [Int: String] = [:]
        try file.rows("SELECT id, target || ' ' || CAST(data AS TEXT) FROM outbox") { rows[$0.integer(0)] = $0.text(1) }
        return rows
    }

    // MARK: The cuts

    private func look(
        _ files: [String: [UInt8]], _ promised: Promise?, _ coming: Promise?, _ seen: [Sighting], _ words: String, in cut: String
    ) async throws {
        try? FileManager.default.removeItem(atPath: cut)
        try FileManager.default.createDirectory(atPath: cut, withIntermediateDirectories: true)
        for (path, bytes) in files where path.hasPrefix(database) && !path.hasSuffix("-shm") {
            try Data(bytes).write(to: URL(fileURLWithPath: cut + "/run.sqlite3" + path.dropFirst(database.count)))
        }
        let (database, said) = (cut + "/run.sqlite3", cut + "/said.txt")
        let opened = try await Program.run("connmix-durable", ["database", "migrate", "--database", database], output: said)
        try hold(opened == .exited(0), "\(words): it cannot be opened, \(opened), see \(said) and \(cut)")
        let checked = try await Program.run("connmix-durable", ["database", "check", "--database", database], output: said)
        try hold(checked == .exited(0), "\(words): database check ended with \(checked), see \(said) and \(cut)")
        let file = try PlainFile(database)
        let integrity = try file.texts("PRAGMA integrity_check")
        try hold(integrity == ["ok"], "\(words): integrity_check: \(integrity.prefix(3)); see \(cut)")
        try hold(
            try file.integer("SELECT count(*) - count(DISTINCT message_id) FROM outbox WHERE message_id IS NOT NULL") == 0,
            "P3: \(words): an entry has two commands; see \(cut)")
        try hold(
            try file.integer(
                """
                SELECT count(*) FROM journal WHERE (state = 8) <> (id IN (SELECT message_id FROM outbox WHERE message_id IS NOT NULL))
                """) == 0, "P3: \(words): an entry is done without its command, or the other way; see \(cut)")
        try Self.checkOrder(file, "\(words); see \(cut)")
        do {
            try Sighting.check(seen, in: file)
        } catch let broken as BrokenPromise {
            throw BrokenPromise("\(words): \(broken); see \(cut)")
        }
        guard let promised else { return }
        let (entries, states, commands) = (try Self.entries(file), try Self.states(file), try Self.commands(file))
        for (id, state) in promised.states {
            // As it was confirmed, or as the command makes it that is at work, or on its way through a handler.
            let allowed = [state, coming?.states[id] ?? state] + (state == 2 ? [3] : [])
            try hold(
                states[id].map(allowed.contains) ?? false,
                "P2: \(words): entry \(id) is in state \(states[id] ?? 0), not \(allowed); see \(cut)")
        }
        for (id, row) in promised.entries where entries[id] != row {
            throw BrokenPromise("P1, P2: \(words): entry \(id) was confirmed, and is \(entries[id] ?? "gone"); see \(cut)")
        }
        for (id, row) in promised.commands where commands[id] != row {
            throw BrokenPromise("P4: \(words): command \(id) was confirmed, and is \(commands[id] ?? "gone"); see \(cut)")
        }
    }

    /// What the consumer journaled is there from each client's first message on, in order, without a hole.
    private static func checkOrder(_ file: borrowing PlainFile, _ words: String) throws {
        var next: [String: Int] = [:]
        try file.rows(
            """
            SELECT client, json_extract(frame, '$.seq') FROM
                (SELECT id, client, json_extract(CAST(data AS TEXT), '$.frame.data') AS frame FROM journal WHERE replay_of IS NULL)
            WHERE json_valid(frame) AND json_type(frame) = 'object' ORDER BY id
            """
        ) { row in
            let expected = next[row.text(0), default: 0]
            try hold(
                row.integer(1) == expected,
                "P2, P5: \(words): of client \(row.text(0)) message \(row.integer(1)) comes where \(expected) should")
            next[row.text(0)] = expected + 1
        }
    }
}
