import FoundationEssentials
import Subprocess
import SystemPackage
import Testing
import TestSupport

/// `Examples/scale-out`, in a short form: it ends with an error where a message that is in a file was not handled.
@Suite("more consumers", .timeLimit(.minutes(2)))
struct ScaleOutTests {
    @Test("1, 2 and 4 consumers share four nodes; one is killed and restarted; one is lost, and its file adopted from a backup")
    func example() async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Examples/scale-out/scale_out.py").path
        try await withFolder { folder in
            let result = try await Subprocess.run(
                .name("python3"),
                arguments: [
                    script, "--program", Program.path.string, "--messages", "96", "--folder", folder, "--handler-seconds",
                    "0.005", "--concurrency", "1", "--patience", "2",
                ],
                output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
            #expect(result.terminationStatus == .exited(0), "\(result.standardOutput)\n\(result.standardError)")
            let shares = result.standardOutput.matches(of: /\n +([124]) +\d+  (.*)/)
                .map { (consumers: Int($0.1), done: $0.2.split(separator: " ").compactMap { Int($0) }) }
            #expect(shares.map(\.consumers) == [1, 2, 4])
            for (consumers, done) in shares {
                #expect(done.count == consumers && done.reduce(0, +) == 96 && done.allSatisfy { $0 > 0 }, "\(done)")
            }
            #expect(result.standardOutput.contains("killed and restarted: "))
            #expect(result.standardOutput.contains("lost for good: "))
        }
    }
}
