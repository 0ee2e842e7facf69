import Foundation
import Testing

/// The short form of `make simulate`: see docs/simulation.md. It runs as a process of its own, since it answers for the C library's clocks.
@Suite("simulation", .serialized)
struct SimulationTests {
    private struct Run {
        var code: Int32
        var output: String

        /// The number behind a name that begins a line of the report.
        func count(_ name: String) -> Int {
            for line in output.split(separator: "\n") {
                let words = line.drop { $0 == " " }
                guard words.hasPrefix(name + " ") else { continue }
                return Int(words.dropFirst(name.count).drop { $0 == " " }) ?? 0
            }
            return 0
        }
    }

    private static func simulate(_ arguments: String...) async throws -> Run {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return try await run(folder.appendingPathComponent("simulate"), arguments + ["--no-shrinking"])
    }

    private static func run(_ program: URL, _ arguments: [String], in folder: URL? = nil) async throws -> Run {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                continuation.resume(returning: Run(code: process.terminationStatus, output: output))
            }
        }
    }

    @Test("one seed is one run, to the byte, in whichever process")
    func determinism() async throws {
        func digests(_ seed: Int) async throws -> [Substring] {
            let run = try await Self.simulate("--seed", "\(seed)", "--seconds", "300", "--digest")
            #expect(run.code == 0)
            return run.output.split(separator: "\n").filter { $0.hasPrefix("seed ") }
        }
        let first = try await digests(7)
        #expect(first.count == 1 && first.first?.contains("digest") == true)
        #expect(try await digests(7) == first)
        #expect(try await digests(8) != first)
    }

    /// Two processes, one a core: together a million events.
    @Test("P1, P2, P3, P4, P5, P6, P7, P8, P11: they hold in simulated worlds where everything goes wrong")
    func promises() async throws {
        async let even = Self.simulate("--seed", "1", "--seeds", "\(Self.seeds)", "--seconds", "900", "--rough", "--go-on")
        async let odd = Self.simulate("--seed", "1001", "--seeds", "\(Self.seeds)", "--seconds", "900", "--rough", "--go-on")
        let runs = try await [even, odd]
        for run in runs { #expect(run.code == 0, "\(run.output)") }
        // A world in which nothing happened proves nothing.
        for sight in [
            "kills", "kills inside a commit", "power losses", "torn writes", "disk faults", "node restarts",
            "commands received more than once", "operators' verbs", "clock jumps",
        ] {
            #expect(runs.contains { $0.count(sight) > 0 }, "\(sight)")
        }
        for promise in ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P11"] {
            #expect(runs.allSatisfy { $0.count(promise) > 0 }, "\(promise)")
        }
        #expect(runs.map { $0.count("events") }.reduce(0, +) > 1_000_000)
    }

    private static let seeds = 22

    /// `make simulate-breakages` puts them into a copy of the library.
    @Test("the faults that are made on purpose fit the library")
    func breakages() async throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let git = URL(fileURLWithPath: "/usr/bin/env")
        let patch = tests.appendingPathComponent("Breakages/breakages.patch").path
        let run = try await Self.run(git, ["git", "apply", "--check", patch], in: tests.deletingLastPathComponent())
        #expect(run.code == 0, "\(run.output)")
    }

    @Test("a disk that lies is found")
    func lyingDisk() async throws {
        let run = try await Self.simulate("--seed", "1", "--seeds", "20", "--seconds", "600", "--rough", "--disk-lies")
        #expect(run.code == 1 && run.output.contains("FAILED"))
    }
}
