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
        let faces = ["ConnmixConsumer.swift", "ClusterProbe.swift"]
        #expect(users.contains { $0.hasPrefix("Cluster/") })
        #expect(users.allSatisfy { $0.hasPrefix("Cluster/") || faces.contains($0) }, "\(users)")
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
                "Message+JSON.swift", "CommandForms.swift", "Dates.swift", "Cluster/DirectoryDecoder.swift",
                "Wire/RequestDecoder.swift",
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

    /// Who may name whose types. Within one module no import line says so.
    private static let known: [String: Set<String>] = {
        let below: Set = ["Ground", "Wire", "Store", "Journal", "Outbox", "Cluster", "Losses"]
        let file: Set = ["Ground", "Store", "Journal", "Outbox", "Losses"]
        return [
            "Ground": [],
            "Wire": ["Ground"],
            "Store": ["Ground"],
            "Journal": ["Ground", "Store"],
            "Outbox": ["Ground", "Store"],
            "Losses": ["Ground", "Store"],
            "Cluster": ["Ground", "Wire"],
            "Consumer": below.union([Room.face]),
            "Operating": file,
            "Maintenance": file,
            "Trial": below.union([Room.face, "Consumer"]),
            // A consumer is paused as an operator pauses it.
            Room.face: below.union(["Consumer", "Operating"]),
        ]
    }()

    @Test("each room names only the types of rooms it may know")
    func rooms() throws {
        let plan = try Room.Plan(of: Self.sources.appendingPathComponent("ConnmixDurable"))
        #expect(Set(plan.rooms) == Set(Self.known.keys), "a room without a rule, or a rule without a room")
        #expect(plan.leaks(known: Self.known) == [])
    }

    @Test("values at the root that any room may name know Ground and each other only")
    func values() throws {
        let plan = try Room.Plan(of: Self.sources.appendingPathComponent("ConnmixDurable"))
        #expect(plan.values.isSuperset(of: ["Command.swift", "ClientID.swift", "EntryState.swift", "StatusReport.swift"]))
        #expect(plan.values.isDisjoint(with: ["ConnmixConsumer.swift", "Outbox.swift", "OwnTables.swift"]))
    }

    @Test(
        "a leak is found",
        arguments: [
            ("Ground/A.swift", "struct A { var b: Statement }"),
            ("Journal/A.swift", "func a() { OutboxTable.b() }"),
            ("Cluster/A.swift", "let a = Store(path: b)"),
            ("Operating/A.swift", "extension A { func b(_ core: ConsumerCore) {} }"),
            ("Store/A.swift", "let a: ConnmixConsumer?"),
            ("Wire/A.swift", #"let a = "no \(Statement.limit(of: 1)) of StringsThatAreNone""#),
        ])
    func finds(path: String, text: String) throws {
        var files = try Room.Plan.files(in: Self.sources.appendingPathComponent("ConnmixDurable"))
        files[path] = text
        #expect(Room.Plan(files: files).leaks(known: Self.known).count == 1)
    }
}
