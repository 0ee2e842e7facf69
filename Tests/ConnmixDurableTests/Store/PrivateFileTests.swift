import FoundationEssentials
import Testing

@testable import ConnmixDurable

@Suite("a new file")
struct PrivateFileTests {
    @Test("it takes a name that appeared meanwhile only where it may replace it, and is private")
    func names() async throws {
        try await withFolder { folder in
            let target = folder + "/target"
            try Data("old".utf8).write(to: URL(fileURLWithPath: target))
            let file = try PrivateFile(beside: target)
            do throws(ConnmixError) {
                try file.move(to: target, replacing: false)
                Issue.record("it replaced a file")
            } catch {
                #expect(error.code == .cannotCreate)
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: target)).count == 3)
            try file.move(to: target, replacing: true)
            #expect(try Data(contentsOf: URL(fileURLWithPath: target)).isEmpty)
            let mode = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["target"])
        }
    }
}
