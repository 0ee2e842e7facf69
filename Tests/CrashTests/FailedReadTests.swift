import Foundation
import Testing
import TestSupport
import Torture

/// SQLite calls some errors of a disk damage of the file.
@Suite(
    "reads that the disk does not answer", .timeLimit(.minutes(2)),
    .enabled(if: DiskTap.isPossible, "there is no C compiler at /usr/bin/cc to build the disk's tap with"))
struct FailedReadTests {
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
