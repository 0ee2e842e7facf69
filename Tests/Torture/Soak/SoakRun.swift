internal import ConnmixDevEngine
internal import FoundationEssentials
internal import TestSupport

/// One soak: the real program beside the development engine, nodes that come and go, an operator; sampled each second.
public struct SoakRun: Sendable {
    let plan: SoakPlan
    let folder: String
    let seed: UInt64
    let engine: DevEngine
    let desk: SoakDesk
    private let metrics: UInt16
    let say: @Sendable (String) -> Void

    /// Runs it. The folder is left as it is: `soak.csv`, the database, and what the programs said.
    ///
    /// Throws ``BrokenPromise``.
    public static func run(
        _ plan: SoakPlan, folder: String, seed: UInt64, say: @escaping @Sendable (String) -> Void
    ) async throws -> [String] {
        var configuration = DevEngine.Configuration(nodes: 2)
        configuration.settings.recording = false
        return try await withDevEngine(configuration) { engine in
            let run = SoakRun(
                plan: plan, folder: folder, seed: seed, engine: engine, desk: SoakDesk(database: folder + "/soak.sqlite3"),
                metrics: try Scrape.freePort(), say: say)
            return try await run.run()
        }
    }

    var database: String { folder + "/soak.sqlite3" }

    private func run() async throws -> [String] {
        let consumer = try Program(
            "connmix-durable",
            [
                "consume", "--echo", "--topic", "chat", "--database", database, "--center", engine.center,
                "--metrics", "127.0.0.1:\(metrics)", "--directory-refresh", "2", "--retention-age", "\(plan.retention)",
                "--log-level", "warning",
            ], output: folder + "/consume.log")
        do {
            try await consumed(consumer)
            say("the end users have stopped; waiting until everything is answered")
            try await settle()
            try await desk.end()
            let ending = await consumer.terminate()
            try hold(ending == .exited(0), "the consumer ended with \(ending), see \(folder)/consume.log")
        } catch {
            await consumer.kill()
            throw error
        }
        return try await check()
    }

    private func consumed(_ consumer: Program) async throws {
        let start = ContinuousClock.now
        let deadline = start.advanced(by: .seconds(plan.seconds))
        var nodes = engine.nodes.map(\.id)
        let (dying, steady) = (nodes.removeLast(), nodes.removeLast())
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                try await live(steady, "the node that stays", rate: plan.steadyRate, until: deadline)
                return true
            }
            tasks.addTask {
                try await comeAndGo(until: deadline)
                return true
            }
            tasks.addTask {
                try await die(dying, until: deadline)
                return true
            }
            tasks.addTask {
                try await SoakOperator(run: self, steady: steady).work(until: deadline)
                return true
            }
            tasks.addTask {
                try await sample(consumer, from: start)
                return false
            }
            tasks.addTask {
                while true {
                    try await Task.sleep(for: .seconds(1))
                    if FileManager.default.fileExists(atPath: database) { try await desk.read() }
                }
            }
            var left = 4
            while left > 0, let isEnd = try await tasks.next() {
                if isEnd { left -= 1 }
            }
            // Samples go on to the very end, so that they show what is left when nothing comes any more.
            try await Task.sleep(for: .seconds(3))
            tasks.cancelAll()
            do {
                while try await tasks.next() != nil {}
            } catch is CancellationError {}
        }
    }

    private func sample(_ consumer: Program, from start: ContinuousClock.Instant) async throws {
        let csv = folder + "/soak.csv"
        try Data(SoakSample.header.utf8).write(to: URL(fileURLWithPath: csv))
        let file = try LineFile(csv)
        var misses = 0
        for second in 1... {
            try await Task.sleep(until: start.advanced(by: .seconds(second)), clock: .continuous)
            guard let facts = ProcessFacts(of: consumer.pid) else {
                throw BrokenPromise("the consumer has ended, see \(folder)/consume.log")
            }
            guard let page = try? Scrape.get(port: metrics, path: "/metrics") else {
                // At the start it does not listen yet.
                misses += 1
                try hold(misses < 20, "P8: nobody answers at /metrics for \(misses) seconds")
                continue
            }
            misses = 0
            let waiting = try await desk.waiting()
            let sample = SoakSample(
                second: (ContinuousClock.now - start) / .seconds(1), residentKiB: facts.residentKiB,
                descriptors: facts.descriptors, threads: facts.threads, logBytes: bytes(of: database + "-wal"),
                fileBytes: bytes(of: database), atRisk: Self.gauge("connmix_at_risk", in: page),
                journalOpen: waiting.entries, outboxOpen: waiting.commands, handedOut: try await desk.handedOut())
            try file.write(sample.line)
            await desk.add(sample)
            if second % 60 == 0 { say("\(second) s: " + sample.line.dropLast()) }
        }
    }

    private static func gauge(_ name: String, in page: String) -> Int {
        let line = page.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) }.map { Int($0) } ?? -1
    }

    /// Until nothing waits in the file, and nothing is at risk as the program says itself.
    private func settle() async throws {
        for _ in 0..<600 {
            try await desk.read()
            let page = (try? Scrape.get(port: metrics, path: "/metrics")) ?? ""
            if Self.gauge("connmix_at_risk", in: page) == 0, try await desk.waiting() == (0, 0) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw BrokenPromise("P2, P4: a minute after the last message something still waits or is at risk")
    }

    private func check() async throws -> [String] {
        try await desk.read()
        var lines = try await desk.check()
        let leftovers = try await desk.leftovers()
        try hold(leftovers.isEmpty, "P2, P4: at the end " + leftovers.joined(separator: "; "))
        let integrity = try await desk.integrity()
        try hold(integrity == ["ok"], "integrity_check: \(integrity)")
        let checked = try await Program.run(
            "connmix-durable", ["database", "check", "--database", database], output: folder + "/operator.log")
        try hold(checked == .exited(0), "database check ended with \(checked), see \(folder)/operator.log")
        lines.append("integrity_check and database check: ok")
        let log = await desk.samples(from: 0).map(\.logBytes).max() ?? 0
        lines.append("log: \(log) bytes at most (\(SoakSample.logLimit) allowed)")
        try hold(log <= SoakSample.logLimit, "not bounded: " + lines[lines.count - 1])
        for flatness in SoakSample.flatness(await desk.samples(from: plan.warmUp)) {
            lines.append(
                "\(flatness.name): mean \(Int(flatness.mean)), rises by \(Int(flatness.rise)) from \(Int(plan.warmUp)) s to the end"
                    + " (\(Int(flatness.allowed)) allowed)")
            try hold(flatness.isFlat, "not flat: " + lines[lines.count - 1])
        }
        return lines
    }
}
