internal import ConnmixDevEngine
internal import FoundationEssentials
internal import TestSupport

/// A consumer at work, between an engine that hands out messages and one that gets the answers, meets a call that fails: while it
/// journals, claims, commits what handlers did, sends, marks as sent, moves its log, or ends.
///
/// Where the call fails once, the consumer goes on by itself, and every message is answered. Where all fail from it on, the consumer waits
/// and says so, or ends and says why; the next one, on a disk that is well, finishes what is in the file, and what is not in the file is no
/// more than was said to be at risk.
struct FailingConsumer: Sendable {
    /// One run.
    struct Outcome: Sendable {
        /// The consumer made so many calls that there was one to fail.
        var hasFailed: Bool
        /// It went through with all of its work by itself.
        var isThrough: Bool
        /// Handed out, and not in the file in the end.
        var lost: Int
    }

    private static let clients = 4
    /// Before the calls are counted, and in all.
    private static let before = 8
    private static let messages = 24

    let folder: String
    let tap: DiskTap

    private var base: String { folder + "/consumer-base.sqlite3" }
    private var database: String { folder + "/consumer.sqlite3" }
    private var begin: String { folder + "/begin" }
    private var reached: String { folder + "/reached" }
    private var said: String { folder + "/consumer-said.txt" }

    /// A file whose log is nearly as long as it may become, so that the consumer moves it while it works.
    func makeBase() async throws {
        try Data().write(to: URL(fileURLWithPath: base))
        let ending = try await Program.run("connmix-durable", ["database", "migrate", "--database", base], output: said)
        try hold(ending == .exited(0), "database migrate ended with \(ending), see \(said)")
        let file = try PlainFile(base, isWritable: true)
        try file.execute(
            """
            PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF;
            CREATE TABLE filler (x INTEGER); INSERT INTO filler VALUES (0)
            """)
        while bytes(of: base + "-wal") < 1_960 * 4_120 { try file.execute("UPDATE filler SET x = x + 1") }
    }

    func run(_ failure: DiskTap.Failure, at number: Int, forEver isForEver: Bool) async throws -> Outcome {
        let context = "consume, call \(number) answers \(failure)\(isForEver ? " and all after it" : "")"
        for path in [begin, reached, said] { try? FileManager.default.removeItem(atPath: path) }
        for end in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: database + end) }
        for end in ["", "-wal"] { try FileManager.default.copyItem(atPath: base + end, toPath: database + end) }
        var configuration = DevEngine.Configuration()
        configuration.settings.recording = false
        do {
            return try await withDevEngine(configuration) { engine in
                let environment = tap.failing(at: number, failure, forEver: isForEver, from: begin, reached: reached)
                let program = try Program("connmix-durable", arguments(engine), environment: environment, output: said)
                let feed = try await feed(engine, program)
                // SQLite itself asks for a lock of its log for ten seconds before it says that there is none.
                let patience = Duration.seconds(!isForEver ? 30 : failure == .locked ? 20 : 2)
                let isThrough = try await work(program, feed, within: patience, isForEver: isForEver)
                let hasFailed = FileManager.default.fileExists(atPath: reached)
                var books = ConsumerBooks(clients: feed.clients)
                try await compare(&books, feed)
                let risk = try await atRisk()
                let lost = try await feed.progress().popped - books.entries
                if !isThrough { try await finish(engine, feed, &books, lost: lost) }
                try hold(isForEver || lost == 0, "P2: \(lost) messages are not in the file, though the disk was well again")
                try hold(lost <= risk, "P11: \(lost) messages are not in the file, and \(risk) were said to be at risk at most")
                try hold(
                    try await feed.progress().popped - books.entries == lost,
                    "P2: the next consumer has lost what it was handed out")
                return Outcome(hasFailed: hasFailed, isThrough: isThrough, lost: lost)
            }
        } catch let broken as BrokenPromise {
            throw BrokenPromise("\(context): \(broken); see \(said) and \(database)")
        }
    }

    private func feed(_ engine: DevEngine, _ program: Program) async throws -> Feed {
        do {
            try await engine.waitUntil(within: .seconds(30)) { $0.nodes[0].consumers == 1 }
            return try await engine.feed(
                count: Self.messages, clients: Self.clients, payloadBytes: 100, perSecond: 200, recordsTexts: true)
        } catch {
            await program.kill()
            throw error
        }
    }

    private func arguments(_ engine: DevEngine) -> [String] {
        [
            "consume", "--echo", "--topic", "chat", "--database", database, "--center", engine.center, "--directory-refresh", "1",
            "--log-level", "warning", "--shutdown-grace", "1", "--drain", "1",
        ]
    }

    /// Lets it work until all is answered, or nothing has happened for a while, and asks it to end.
    ///
    /// - Returns: whether all was answered, and it ended well.
    private func work(_ program: Program, _ feed: Feed, within patience: Duration, isForEver: Bool) async throws -> Bool {
        var (answered, changed) = (0, ContinuousClock.now)
        while program.isRunning, answered < Self.messages, ContinuousClock.now - changed < patience {
            try await Task.sleep(for: .milliseconds(10))
            let now = try await feed.progress().answered
            if now >= Self.before, answered < Self.before { try Data().write(to: URL(fileURLWithPath: begin)) }
            if now != answered { (answered, changed) = (now, .now) }
        }
        let isAlive = program.isRunning
        let isAnswered = answered >= Self.messages
        // What went wrong has been said by now, where it waits.
        let words = (try? String(decoding: Data(contentsOf: URL(fileURLWithPath: said)), as: UTF8.self)) ?? ""
        if isAlive { program.interrupt() }
        let ending = await program.end(orKillAfter: .seconds(90))
        guard case .exited(let code) = ending else {
            throw BrokenPromise("P8: asked to end, or by itself, it ended with \(ending)")
        }
        try hold(code != 70, "it calls that a bug of its own")
        if !isForEver {
            try hold(isAlive, "P8: it ended by itself, with \(code), though only one call had failed")
            try hold(isAnswered, "P8: half a minute after one call had failed \(answered) of \(Self.messages) are answered")
        } else if !isAnswered {
            try hold(!words.isEmpty || !isAlive, "P8: it waits, and says nothing")
            try hold(isAlive || code != 0, "P8: it ended by itself as if all were well")
        }
        let all = (try? String(decoding: Data(contentsOf: URL(fileURLWithPath: said)), as: UTF8.self)) ?? ""
        try hold(code == 0 || !all.isEmpty, "P8: it ended with \(code), and says nothing")
        try hold(!all.contains("malformed"), "a file that is sound is called malformed")
        return isAnswered && code == 0
    }

    /// Both sides, when the disk is well.
    private func compare(_ books: inout ConsumerBooks, _ feed: Feed) async throws {
        let file = try PlainFile(database)
        let integrity = try file.texts("PRAGMA integrity_check")
        try hold(integrity == ["ok"], "integrity_check: \(integrity.prefix(3))")
        var received: [String: [String]] = [:]
        for client in feed.clients { received[client] = try await feed.received(by: client) }
        try books.compare(file, handedOut: try await feed.progress().popped, received: received)
        let checked = try await Program.run("connmix-durable", ["database", "check", "--database", database], output: said)
        try hold(checked == .exited(0), "database check ended with \(checked)")
    }

    /// The most messages that the last run says were read and not committed.
    private func atRisk() async throws -> Int {
        let status = folder + "/status.json"
        try? FileManager.default.removeItem(atPath: status)
        let ending = try await Program.run("connmix-durable", ["status", "--json", "--database", database], output: status)
        try hold(ending == .exited(0), "status ended with \(ending), see \(status)")
        let text = try String(decoding: Data(contentsOf: URL(fileURLWithPath: status)), as: UTF8.self)
        guard let place = text.firstRange(of: "\"loss_bound\""), let high = text[place.upperBound...].firstRange(of: "\"high\":"),
            let number = Int(text[high.upperBound...].prefix { $0.isNumber })
        else { throw BrokenPromise("P11: status has no loss bound, see \(status)") }
        return number
    }

    /// The next consumer, on a disk that is well, finishes what is in the file and takes what the engine still holds.
    private func finish(_ engine: DevEngine, _ feed: Feed, _ books: inout ConsumerBooks, lost: Int) async throws {
        let program = try Program("connmix-durable", arguments(engine), output: said)
        do {
            try await engine.waitUntil(within: .seconds(30)) { $0.nodes[0].consumers == 1 }
            try await feed.allSent()
            let deadline = ContinuousClock.now + .seconds(30)
            while try await left(feed, lost: lost) > 0 {
                let left = try await left(feed, lost: lost)
                try hold(ContinuousClock.now < deadline, "P2, P4: half a minute after the next start \(left) rows still wait")
                try await Task.sleep(for: .milliseconds(20))
            }
            let ending = await program.terminate()
            try hold(ending == .exited(0), "the next consumer ended with \(ending)")
        } catch {
            await program.kill()
            throw error
        }
        try await compare(&books, feed)
        _ = try books.end()
    }

    /// What is not finished, and what is on its way into the file.
    private func left(_ feed: Feed, lost: Int) async throws -> Int {
        let open = try PlainFile(database).integer(
            """
            SELECT (SELECT count(*) FROM journal WHERE state < 8) + (SELECT count(*) FROM outbox WHERE state < 8)
                - (SELECT count(*) FROM journal)
            """)
        return try await feed.progress().popped - lost + open
    }
}
