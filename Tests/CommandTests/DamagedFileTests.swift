import ConnmixDurable
import FoundationEssentials
import Subprocess
import SystemPackage
import Testing
import TestSupport

/// Whatever a disk makes of a file: every verb ends in time, with a code of the contract, and reading makes nothing worse.
///
/// `CONNMIX_HOSTILE=all` tries every verb, on forty files of each kind of damage; otherwise two meet some of them.
@Suite("P12: damaged files", .timeLimit(.minutes(60)))
struct DamagedFileTests {
    private static let rounds = HostileFileTests.isWhole ? 40 : 2
    /// What has no answer within this time hangs.
    private static let patience = "20"
    private static let outputLimit = 8 << 20

    @Test("every verb ends in order, and reading changes no byte", arguments: DamagedFiles.Place.allCases)
    func damaged(place: DamagedFiles.Place) async throws {
        var generator = SeededGenerator(for: "DamagedFileTests.\(place)")
        try await withDatabase(texts: ["bad", "good", "more"], parking: true, handler: answerEnd) { path in
            let files = try DamagedFiles(of: path)
            for round in 0..<Self.rounds {
                let copy = "\(path).\(place).\(round)"
                for (number, verb) in HostileFileTests.verbs.enumerated()
                where HostileFileTests.isWhole || number % 13 == (round * 5 + place.rawValue.utf8.count) % 13 {
                    // Each verb finds the file as it was damaged, with a log beside it or none.
                    var same = generator
                    try files.write(copy, place, &same)
                    try await expect(verb, on: copy, "\(place), round \(round), seed \(generator.seed)")
                    for end in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: copy + end) }
                }
                _ = generator.next()
            }
        }
    }

    private func expect(_ verb: String, on path: String, _ what: String) async throws {
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let follows = verb.contains("tail") || verb.hasPrefix("consume")
        let words = try HostileFileTests.words(verb, on: path)
        let signal = verb.hasPrefix("consume") ? "TERM" : "INT"
        let limits = follows ? ["--preserve-status", "-s", signal, "-k", "10", "0.7"] : ["-s", "KILL", Self.patience]
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(limits + [Program.path.string] + words), input: .none,
            output: .string(limit: Self.outputLimit), error: .string(limit: 1 << 20))
        let outcome = Program.Outcome(result.terminationStatus, result.standardOutput, result.standardError)
        let told = "\(verb) on \(what): \(outcome.code.map { "\($0)" } ?? "signal") \(outcome.errors.prefix(500))"
        // On a busy machine it had not begun to listen to signals.
        let isInTime = outcome.code.map { HostileFileTests.codes.contains($0) || follows && $0 == 143 } ?? false
        #expect(isInTime, "\(told)")
        #expect(!outcome.output.utf8.contains(0x1B) && !outcome.errors.utf8.contains(0x1B), "\(told)")
        if let code = outcome.code, code >= 64, !follows {
            #expect(outcome.errorLines.last?.hasPrefix("connmix-durable: ") == true, "\(told)")
        }
        if HostileFileTests.reading.contains(verb) {
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before, "the file was changed by \(told)")
        }
    }
}
