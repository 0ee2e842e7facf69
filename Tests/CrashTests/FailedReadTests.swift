import Foundation
import Testing
import TestSupport
import Torture

/// SQLite calls some errors of a disk damage of the file.
@Suite(
    "reads that the disk does not answer", .timeLimit(.minutes(2)),
    .enabled(if: DiskTap.isPossible, "there is no C compiler at /usr/bin/cc to build the disk's tap with"))
struct FailedReadTests {
    @Test(
        "whichever read fails, that is said, and nobody is sent to look for a backup of a file that is sound",
        arguments: [["journal", "list"], ["database", "check"], ["status"]])
    func words(command: [String]) async throws {
        try await withFolder { folder in
            let (database, said, reached) = (folder + "/db.sqlite3", folder + "/said", folder + "/reached")
            let tap = try await DiskTap(folder: folder)
            try Data().write(to: URL(fileURLWithPath: database))
            #expect(
                try await Program.run("connmix-durable", ["database", "migrate", "--database", database], output: said)
                    == .exited(0))
            // Without a log, of which each page would be a read at every start.
            try PlainFile(database, isWritable: true).execute("PRAGMA wal_checkpoint(TRUNCATE)")
            var failures = 0
            for number in 1... {
                try? FileManager.default.removeItem(atPath: reached)
                try? FileManager.default.removeItem(atPath: said)
                let ending = try await Program.run(
                    "connmix-durable", command + ["--database", database],
                    environment: tap.failing(at: number, .inputOutput, forEver: false, kinds: [.read], reached: reached),
                    output: said)
                guard FileManager.default.fileExists(atPath: reached) else { break }
                guard ending != .exited(0) else { continue }
                failures += 1
                let words = try String(contentsOfFile: said, encoding: .utf8)
                #expect(ending == .exited(74), "read \(number): \(words)")
                #expect(words.contains("check the disk"), "read \(number): \(words)")
                #expect(!words.contains("malformed") && !words.contains("backup"), "read \(number): \(words)")
            }
            #expect(failures > 5)
        }
    }

    @Test("a lock file of which the disk takes half at a time is written all the same")
    func halfWrites() async throws {
        try await withFolder { folder in
            let (database, said) = (folder + "/db.sqlite3", folder + "/said")
            let tap = try await DiskTap(folder: folder)
            try Data().write(to: URL(fileURLWithPath: database))
            for round in 0..<2 {
                // The first write of a process that owns the file.
                let ending = try await Program.run(
                    "connmix-durable", ["database", "migrate", "--database", database],
                    environment: tap.failing(at: 1, .short, forEver: true, kinds: [.write]), output: said)
                let words = try String(contentsOfFile: said, encoding: .utf8)
                #expect(ending == .exited(0), "round \(round): \(words)")
            }
        }
    }
}
