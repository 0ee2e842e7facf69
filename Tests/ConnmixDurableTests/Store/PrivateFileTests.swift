import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("a new file")
struct PrivateFileTests {
    private func files(_ folder: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder))
    }

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

    @Test("the same process number does not stand in the way, and what a killed one left is taken away; one in use stays")
    func leftovers() async throws {
        try await withFolder { folder in
            let target = folder + "/target"
            try Data("old".utf8).write(to: URL(fileURLWithPath: "\(target).\(getpid()).tmp"))
            let left = target + ".partial-0123456789abcdef.tmp"
            for end in ["", "-wal", "-shm"] { try Data("left".utf8).write(to: URL(fileURLWithPath: left + end)) }
            try Data("mine".utf8).write(to: URL(fileURLWithPath: target + ".partial-mine.tmp"))
            let first = try PrivateFile(beside: target)
            let second = try PrivateFile(beside: target)
            #expect(first.path != second.path)
            #expect(
                try files(folder) == [
                    "target.\(getpid()).tmp", "target.partial-mine.tmp", DatabasePath.name(of: first.path),
                    DatabasePath.name(of: second.path),
                ])
            try second.move(to: target, replacing: false)
            first.remove()
            #expect(try files(folder) == ["target.\(getpid()).tmp", "target.partial-mine.tmp", "target"])
        }
    }

    @Test("a name in full length has a temporary one, cut between characters")
    func longNames() async throws {
        try await withFolder { folder in
            for name in [String(repeating: "n", count: 255), String(repeating: "漢", count: 85)] {
                let file = try PrivateFile(beside: folder + "/" + name)
                #expect(DatabasePath.name(of: file.path).utf8.count <= 247)
                #expect(name.hasPrefix(DatabasePath.name(of: file.path).prefix { $0 != "." }))
                try file.move(to: folder + "/" + name, replacing: false)
                #expect(try files(folder).contains(name))
            }
        }
    }
}
