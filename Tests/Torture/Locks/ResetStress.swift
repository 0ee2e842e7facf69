internal import ConnmixDevEngine
internal import FoundationEssentials
internal import TestSupport

/// A consumer that comes and goes, commands from the command line and from loops of a program's own, all writing one file through two
/// spellings of its path, with checkpoints by whoever may. Everything that was confirmed has to be there, and no checkpoint beside a commit.
public struct ResetStress: Sendable {
    private let folder: String
    private let tap: DiskTap
    private let say: @Sendable (String) -> Void

    public init(folder: String, say: @escaping @Sendable (String) -> Void) async throws {
        (self.folder, self.say) = (folder, say)
        try FileManager.default.createDirectory(atPath: folder + "/real", withIntermediateDirectories: true)
        try? FileManager.default.createSymbolicLink(atPath: folder + "/other", withDestinationPath: folder + "/real")
        tap = try await DiskTap(folder: folder)
    }

    /// Of a round: the real one and the one through the link, in turn.
    private func database(_ round: Int) -> String {
        folder + (round % 2 == 0 ? "/real" : "/other") + "/shared.sqlite3"
    }
    private var log: String { folder + "/calls.log" }
    private var said: String { folder + "/said.txt" }

    /// - Returns: what the watch saw.
    public func run(seconds: Double) async throws -> LockWatch {
        try Data().write(to: URL(fileURLWithPath: database(0)))
        let migrated = try await Program.run("connmix-durable", ["database", "migrate", "--database", database(0)], output: said)
        try hold(migrated == .exited(0), "migrate ended with \(migrated), see \(said)")
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        let confirmed = try await withThrowingTaskGroup(of: Int.self) { tasks in
            tasks.addTask { try await consume(until: deadline) }
            for writer in 0..<2 {
                tasks.addTask { try await send(writer, until: deadline) }
                tasks.addTask { try await enqueue(writer, until: deadline) }
            }
            return try await tasks.reduce(0, +)
        }
        let file = try PlainFile(database(0))
        let integrity = try file.texts("PRAGMA integrity_check")
        try hold(integrity == ["ok"], "integrity_check: \(integrity.prefix(3))")
        let found = try file.integer("SELECT count(*) FROM outbox WHERE message_id IS NULL")
        try hold(found == confirmed, "P4: \(confirmed) commands were confirmed to other processes, \(found) are in the file")
        let checked = try await Program.run("connmix-durable", ["database", "check", "--database", database(1)], output: said)
        try hold(checked == .exited(0), "database check ended with \(checked), see \(said)")
        let watch = LockWatch(try TapRecord.read(log))
        say(
            "\(confirmed) commands of other processes, all there; checkpoints: \(watch.ownersCheckpoints) by the owner, "
                + "\(watch.othersCheckpoints) by others; writes of the log by others: \(watch.othersCommits)")
        try hold(watch.faults.isEmpty, "the WAL-reset rule: \(watch.faults.prefix(3)), of \(watch.faults.count)")
        return watch
    }

    /// A consumer with an engine, which ends in order and comes back: meanwhile nobody owns the file.
    private func consume(until deadline: ContinuousClock.Instant) async throws -> Int {
        var configuration = DevEngine.Configuration()
        configuration.settings.recording = false
        return try await withDevEngine(configuration) { engine in
            _ = try await engine.feed(count: 10_000_000, clients: 50, perSecond: 400)
            for round in 0... {
                guard ContinuousClock.now < deadline else { return 0 }
                let program = try Program(
                    "connmix-durable",
                    [
                        "consume", "--echo", "--topic", "chat", "--database", database(round), "--center", engine.center,
                        "--log-level", "error", "--drain", "1",
                    ], environment: tap.recording(to: log), output: said)
                try await engine.waitUntil(within: .seconds(60)) { $0.nodes[0].consumers == 1 }
                try await Task.sleep(for: .milliseconds(1_500))
                let ending = await program.terminate()
                try hold(ending == .exited(0), "the consumer ended with \(ending), see \(said)")
                try await Task.sleep(for: .milliseconds(3_000))
            }
            return 0
        }
    }

    private func send(_ writer: Int, until deadline: ContinuousClock.Instant) async throws -> Int {
        for round in 0... {
            guard ContinuousClock.now < deadline else { return round }
            let ending = try await Program.run(
                "connmix-durable", ["send", "17", "\(writer)/\(round)", "--database", database(writer + round)],
                environment: tap.recording(to: log), output: said)
            try hold(ending == .exited(0), "send ended with \(ending), see \(said)")
        }
        return 0
    }

    /// A program of somebody's own, with a `SharedOutbox`.
    private func enqueue(_ writer: Int, until deadline: ContinuousClock.Instant) async throws -> Int {
        for round in 0... {
            guard ContinuousClock.now < deadline else { return round * Self.loop }
            let ending = try await Program.run(
                "connmix-torture", ["enqueue", database(writer + round), "\(Self.loop)"], environment: tap.recording(to: log),
                output: said)
            try hold(ending == .exited(0), "the loop of a SharedOutbox ended with \(ending), see \(said)")
        }
        return 0
    }

    private static let loop = 200
}
