internal import FoundationEssentials
internal import TestSupport

/// Every call of a run fails once, and for ever, one run after the other, until one goes through without having met its failure.
///
/// A command that says it is done has done all of it; one that says it is not has done all or nothing; none crashes, and the file is
/// sound whatever happened.
public struct FailingCalls: Sendable {
    /// A command, and how many of what it changes there may be.
    struct Work: Sendable {
        let name: String
        let words: [String]
        /// A number in the file, before and after.
        let figure: String
        let before: Int
        let after: Int
    }

    /// Of all works: the file that they begin with.
    private let ground: String
    /// Of one of them.
    private let folder: String
    private let tap: DiskTap
    private let say: @Sendable (String) -> Void

    public init(folder: String, say: @escaping @Sendable (String) -> Void) async throws {
        (ground, self.folder, self.say) = (folder, folder, say)
        tap = try await DiskTap(folder: folder)
    }

    private init(_ other: FailingCalls, in name: String) throws {
        (ground, tap, say) = (other.ground, other.tap, other.say)
        folder = "\(ground)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private var base: String { ground + "/base.sqlite3" }
    private var database: String { folder + "/work.sqlite3" }
    private var said: String { folder + "/said.txt" }

    private static let all = [
        Work(
            name: "send", words: ["send", "17", "hello"], figure: "SELECT count(*) FROM outbox", before: 0, after: 1),
        Work(
            name: "discard", words: ["journal", "discard", "--state", "dead", "--yes"],
            figure: "SELECT count(*) FROM journal WHERE state = 10", before: 0, after: 40),
        Work(
            name: "replay", words: ["journal", "replay", "--state", "dead", "--yes"],
            figure: "SELECT count(*) FROM journal WHERE replay_of IS NOT NULL", before: 0, after: 40),
        Work(
            name: "backup", words: ["database", "backup", "COPY"], figure: "SELECT count(*) FROM journal", before: 40, after: 40),
        Work(
            name: "vacuum", words: ["database", "vacuum"], figure: "SELECT count(*) FROM journal", before: 40, after: 40),
        Work(
            name: "consume",
            words: ["consume", "--echo", "--topic", "chat", "--center", "127.0.0.1:9", "--log-level", "critical"],
            figure: "SELECT count(*) FROM journal", before: 40, after: 40),
    ]

    /// - Parameters:
    ///   - stride: 1 for every call; a test takes one of many.
    ///   - works: nil for all.
    ///   - failures: what calls answer.
    ///   - width: how many kinds of failures are gone through at once, each in a folder of its own.
    ///   - isPatient: with false no lock is refused for ever, since everybody waits for one, and a consumer at work meets its first failing call
    ///     for ever only.
    /// - Returns: how many runs there were.
    public func run(
        stride: Int = 1, works: Set<String>? = nil, failures: [DiskTap.Failure] = DiskTap.Failure.allCases, width: Int = 4,
        isPatient: Bool = true
    ) async throws -> Int {
        let kinds = failures.flatMap { failure in
            (isPatient || failure != .locked ? [false, true] : [false]).map { (failure: failure, isForEver: $0) }
        }
        var jobs: [@Sendable () async throws -> Int] = []
        for work in Self.all where works?.contains(work.name) ?? true {
            for kind in kinds {
                let calls = try FailingCalls(self, in: "\(work.name)-\(kind.failure)-\(kind.isForEver ? "ever" : "once")")
                jobs.append { try await calls.failAll(work, kind.failure, kind.isForEver, stride: stride) }
            }
        }
        if !jobs.isEmpty { try await makeBase() }
        if works?.contains("consumer") ?? true {
            for kind in kinds {
                let calls = try FailingCalls(self, in: "consumer-\(kind.failure)-\(kind.isForEver ? "ever" : "once")")
                jobs.append {
                    try await calls.failConsumer(kind.failure, kind.isForEver, stride: stride, isPatient: isPatient)
                }
            }
        }
        return try await withThrowingTaskGroup(of: Int.self) { group in
            var runs = 0
            for (number, job) in jobs.enumerated() {
                if number >= width { runs += try await group.next() ?? 0 }
                group.addTask { try await job() }
            }
            for try await some in group { runs += some }
            return runs
        }
    }

    private func failAll(_ work: Work, _ failure: DiskTap.Failure, _ isForEver: Bool, stride: Int) async throws -> Int {
        let calls = try await fail(work, failure, isForEver, stride: stride)
        say(
            "\(work.name): \(failure) \(isForEver ? "from each call on" : "once, at each call"): \(calls.runs) runs, "
                + "\(calls.wentWell) of them said to be done")
        return calls.runs
    }

    /// A consumer in the midst of its work.
    private func failConsumer(
        _ failure: DiskTap.Failure, _ isForEver: Bool, stride: Int, isPatient: Bool
    ) async throws -> Int {
        let consumer = FailingConsumer(folder: folder, tap: tap)
        try await consumer.makeBase()
        var (runs, through, lost, number) = (0, 0, 0, 1)
        while true {
            let outcome = try await consumer.run(failure, at: number, forEver: isForEver)
            guard outcome.hasFailed else { break }
            runs += 1
            if outcome.isThrough { through += 1 }
            lost += outcome.lost
            if isForEver, !isPatient { break }
            number = failure == .locked && isForEver ? number * 2 : number + stride
        }
        say(
            "consumer at work: \(failure) \(isForEver ? "from each call on" : "once, at each call"): \(runs) runs, \(through) of "
                + "them through with all by themselves, \(lost) messages not in the file")
        return runs
    }

    private func makeBase() async throws {
        var lines = ""
        for number in 0..<40 {
            lines += #"{"topic":"chat","client":"\#(number)","data":{"seq":\#(number)},"state":"dead","last_error":"x"}"# + "\n"
        }
        try Data(lines.utf8).write(to: URL(fileURLWithPath: ground + "/lines.ndjson"))
        try Data().write(to: URL(fileURLWithPath: base))
        try await expect(["database", "migrate", "--database", base])
        try await expect(["journal", "import", ground + "/lines.ndjson", "--yes", "--database", base])
        // One file, without a log, that can be copied.
        let file = try PlainFile(base, isWritable: true)
        try file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    private func expect(_ words: [String]) async throws {
        let ending = try await Program.run("connmix-durable", words, output: said)
        try hold(ending == .exited(0), "\(words.joined(separator: " ")) ended with \(ending), see \(said)")
    }

    private func fail(
        _ work: Work, _ failure: DiskTap.Failure, _ isForEver: Bool, stride: Int
    ) async throws -> (runs: Int, wentWell: Int) {
        var (runs, wentWell) = (0, 0)
        var number = 1
        while true {
            let log = folder + "/calls"
            for path in [log, said] { try? FileManager.default.removeItem(atPath: path) }
            renew()
            let environment = tap.failing(at: number, failure, forEver: isForEver, reached: log)
            let words = work.words.map { $0 == "COPY" ? folder + "/copy.sqlite3" : $0 } + ["--database", database]
            let program = try Program("connmix-durable", words, environment: environment, output: said)
            // A consumer goes on until it is asked to end; after a moment all of its calls at the start are made.
            let ending = work.name == "consume" ? await stopped(program) : await program.end(orKillAfter: .seconds(60))
            runs += 1
            let context = "\(work.name), call \(number) answers \(failure)\(isForEver ? " and all after it" : "")"
            try await judge(work, ending, context)
            if ending == .exited(0) { wentWell += 1 }
            guard FileManager.default.fileExists(atPath: log) else { return (runs, wentWell) }
            // Whoever finds a lock taken waits for it, some seconds each time: then only some of the calls.
            number = failure == .locked && isForEver ? number * 4 : number + stride
        }
    }

    private func stopped(_ program: Program) async -> Program.Ending {
        // Until it has ended by itself, or has begun; a second is more than either takes where the disk does not stop it.
        for _ in 0..<50 where program.isRunning && !hasBegun { try? await Task.sleep(for: .milliseconds(20)) }
        if program.isRunning { program.interrupt() }
        return await program.end(orKillAfter: .seconds(60))
    }

    /// The consumer's run is in the file, which had none.
    private var hasBegun: Bool {
        ((try? PlainFile(database).integer("SELECT count(*) FROM run")) ?? 0) > 0
    }

    private func renew() {
        for path in [database, folder + "/copy.sqlite3"] {
            for end in ["", "-wal", "-shm", "-journal", ".lock"] { try? FileManager.default.removeItem(atPath: path + end) }
        }
        try? FileManager.default.copyItem(atPath: base, toPath: database)
    }

    /// Looks at what is there when the disk is well again.
    private func judge(_ work: Work, _ ending: Program.Ending, _ context: String) async throws {
        // A consumer that is asked to end in its first moments does not listen to signals yet.
        let isAsked = work.name == "consume" && ending == .signalled(2)
        guard case .exited(let code) = isAsked ? .exited(0) : ending else {
            throw BrokenPromise("\(context): it ended with \(ending)")
        }
        try hold(code != 70, "\(context): it calls that a bug of its own, see \(said)")
        let words = (try? String(decoding: Data(contentsOf: URL(fileURLWithPath: said)), as: UTF8.self)) ?? ""
        try hold(
            !words.contains("malformed") && !words.contains("restore a backup"),
            "\(context): it sends for a backup of a file that is sound, see \(said)")
        let file = try PlainFile(database)
        let integrity = try file.texts("PRAGMA integrity_check")
        try hold(integrity == ["ok"], "\(context): integrity_check: \(integrity.prefix(3))")
        let figure = try file.integer(work.figure)
        try hold(
            code == 0 ? figure == work.after : figure == work.before || figure == work.after,
            "\(context): it ended with \(code), and of \(work.after) there are \(figure)")
        try await expect(["database", "check", "--database", database])
        let copy = folder + "/copy.sqlite3"
        if work.name == "backup" {
            let exists = FileManager.default.fileExists(atPath: copy)
            try hold(exists || code != 0, "\(context): it says to be done, and there is no copy")
            if exists { try await expect(["database", "check", "--database", copy]) }
        }
    }
}
