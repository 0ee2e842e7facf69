internal import FoundationEssentials
internal import TestSupport

/// Where processes are killed, one after the other; what it finds is a ``BrokenPromise``.
public struct DeathYard: Sendable {
    let folder: String
    let tap: DiskTap
    let say: @Sendable (String) -> Void

    public init(folder: String, say: @escaping @Sendable (String) -> Void) async throws {
        self.folder = folder
        self.say = say
        tap = try await DiskTap(folder: folder)
    }

    /// Rounds of all kinds in turn, some together on one file. Returns how many there were of each.
    ///
    /// - Parameter seed: the same seed has the same kills, as far as the machine's timing lets it.
    @discardableResult
    public func run(rounds: Int, kinds: [DeathKind] = DeathKind.allCases, seed: UInt64, together: Int? = nil) async throws
        -> [DeathKind: Int]
    {
        var done: [DeathKind: Int] = [:]
        var total = 0
        for turn in 0... {
            let kind = kinds[turn % kinds.count]
            let count = min(together ?? kind.roundsTogether, rounds - total)
            guard count > 0 else { return done }
            let ground = folder + "/\(turn)-\(kind.rawValue)"
            try FileManager.default.createDirectory(atPath: ground, withIntermediateDirectories: true)
            let turnSeed = seed &+ UInt64(turn)
            do {
                let words = try await run(kind, rounds: count, in: ground, seed: turnSeed)
                say("\(total + count) of \(rounds): \(kind.rawValue), \(count) rounds, --seed \(turnSeed): \(words)")
            } catch {
                say(
                    "broken: \(kind.rawValue), repeat with --kind \(kind.rawValue) --rounds \(count) --seed \(turnSeed); files in \(ground)"
                )
                throw error
            }
            try FileManager.default.removeItem(atPath: ground)
            done[kind, default: 0] += count
            total += count
        }
        return done
    }

    private func run(_ kind: DeathKind, rounds: Int, in ground: String, seed: UInt64) async throws -> String {
        switch kind {
        case .consumer:
            return try await ConsumerDeaths(yard: self, ground: ground, isSidecar: false).run(rounds: rounds, seed: seed)
        case .sidecar:
            return try await ConsumerDeaths(yard: self, ground: ground, isSidecar: true).run(rounds: rounds, seed: seed)
        case .bulk, .migration, .backup, .import:
            var random = SeededGenerator(seed: seed)
            var words: [String] = []
            let deaths = CommandDeaths(yard: self, ground: ground)
            for _ in 0..<rounds {
                switch kind {
                case .migration: words.append(try await deaths.migration(using: &random))
                case .backup: words.append(try await deaths.backup(using: &random))
                case .import: words.append(try await deaths.importing(using: &random))
                case .bulk, .consumer, .sidecar: words.append(try await deaths.bulk(using: &random))
                }
            }
            return words.joined(separator: "; ")
        }
    }

    /// Runs the program as it is, and expects it to end well.
    func command(_ ground: String, _ words: [String]) async throws {
        let ending = try await Program.run("connmix-durable", words, output: ground + "/said.txt")
        try hold(ending == .exited(0), "\(words.joined(separator: " ")) ended with \(ending), see \(ground)/said.txt")
    }

    /// Runs it and kills it. Returns how it ended: it may have been quicker.
    func command(_ ground: String, _ words: [String], _ plan: KillPlan) async throws -> Program.Ending {
        let program = try Program("connmix-durable", words, environment: plan.environment(tap), output: ground + "/said.txt")
        return await program.end(orKillAfter: .milliseconds(plan.milliseconds))
    }

    /// SQLite's own check, and the program's.
    func examine(_ database: String, _ ground: String) async throws {
        let integrity = try PlainFile(database).texts("PRAGMA integrity_check")
        try hold(integrity == ["ok"], "\(database): integrity_check: \(integrity.prefix(3))")
        try await command(ground, ["database", "check", "--database", database])
    }
}
