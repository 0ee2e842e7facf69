import FoundationEssentials
import Testing

/// A file's import lines are the truth (member import visibility is on): who may know what is held here.
@Suite("layering")
struct LayeringTests {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources")

    private func imports(under folder: String) throws -> [(file: String, modules: [String])] {
        let root = Self.sources.appendingPathComponent(folder)
        let files = try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".swift") }
        return try files.map { file in
            let text = String(decoding: try Data(contentsOf: root.appendingPathComponent(file)), as: UTF8.self)
            let modules = text.split(separator: "\n").compactMap { line -> String? in
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place <= 2, words.count > place + 1 else { return nil }
                return String(words[place + 1])
            }
            return (file, modules)
        }
    }

    private let sockets: Set<String> = ["NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOSSL"]

    @Test("only Store knows SQLite")
    func sqlite() throws {
        let users = try imports(under: "ConnmixDurable").filter { $0.modules.contains("CSQLite") }.map(\.file)
        #expect(!users.isEmpty)
        #expect(users.allSatisfy { $0.hasPrefix("Store/") }, "\(users)")
    }

    @Test("only Cluster knows sockets; the public face makes the event loops")
    func network() throws {
        let users = try imports(under: "ConnmixDurable").filter { !sockets.isDisjoint(with: $0.modules) }.map(\.file)
        #expect(users.contains { $0.hasPrefix("Cluster/") })
        #expect(users.allSatisfy { $0.hasPrefix("Cluster/") || $0 == "ConnmixConsumer.swift" }, "\(users)")
    }

    @Test("Store, Journal and Outbox know nothing of NIO")
    func halves() throws {
        for room in ["Store", "Journal", "Outbox"] {
            for (file, modules) in try imports(under: "ConnmixDurable/\(room)") {
                #expect(!modules.contains { $0.hasPrefix("NIO") }, "\(room)/\(file) imports \(modules)")
            }
        }
    }

    @Test("the library never imports Foundation whole, and FoundationEssentials only off the hot path")
    func foundation() throws {
        for (file, modules) in try imports(under: "ConnmixDurable") {
            #expect(!modules.contains("Foundation"), "\(file)")
            let mayDecode = [
                "Message.swift", "CommandForms.swift", "Cluster/DirectoryDecoder.swift", "Wire/RequestDecoder.swift",
            ]
            if modules.contains("FoundationEssentials") { #expect(mayDecode.contains(file), "\(file)") }
        }
    }

    @Test("the development engine is independent of the library")
    func engine() throws {
        for (file, modules) in try imports(under: "ConnmixDevEngine") {
            #expect(
                !modules.contains { $0.hasPrefix("ConnmixDurable") || $0 == "CSQLite" || $0.hasPrefix("Foundation") }, "\(file)")
        }
    }

    @Test("Journal and Outbox do not know each other")
    func neighbours() throws {
        for (room, others) in [
            ("Journal", ["OutboxTable", "CommandState"]), ("Outbox", ["Journal.", "EntryState", "FailedAttempt"]),
        ] {
            let root = Self.sources.appendingPathComponent("ConnmixDurable/\(room)")
            for file in try FileManager.default.contentsOfDirectory(atPath: root.path) {
                let text = String(decoding: try Data(contentsOf: root.appendingPathComponent(file)), as: UTF8.self)
                let code = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
                for other in others { #expect(!code.contains(other), "\(room)/\(file) names \(other)") }
            }
        }
    }
}
