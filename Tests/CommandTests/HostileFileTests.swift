import ConnmixDurable
import FoundationEssentials
import Subprocess
import SystemPackage
import Testing

/// Whatever stands in a file: every verb does what is right or ends with a clear error, in time, and never with a signal.
///
/// `CONNMIX_HOSTILE=all` tries every verb on every file; otherwise each file meets some of them.
@Suite("P12: files that another program has changed", .timeLimit(.minutes(5)))
struct HostileFileTests {
    static let codes: Set<Int32> = [0, 1, 64, 65, 66, 69, 73, 74, 75, 77, 130]
    static let isWhole = ProcessInfo.processInfo.environment["CONNMIX_HOSTILE"] == "all"

    /// All that take a file but `top` and `web`, which read as `status` and the lists do. `NEW` stands for a path where there is none, `LINES` for a
    /// file with a line to import. Those that follow are ended after a while.
    static let verbs = reading + changing

    static let reading = [
        "status", "status --json", "journal list --json", "journal list", "journal show 1 --json", "journal show 2",
        "journal causes", "outbox list --json", "outbox list", "outbox show 1", "lanes list", "lanes show x", "gaps --json",
        "gaps", "actions list --json", "actions list", "database info --json", "database check", "doctor", "journal tail",
        "outbox tail --json", "journal export", "outbox causes", "journal rehearse 1 -- true",
    ]

    private static let changing = [
        "consume --topic chat --echo --center 127.0.0.1:1 --drain 0.2 --shutdown-grace 0.5",
        "send 7 hello", "actions undo 1 --yes", "journal retry --all --yes", "journal replay --all --yes --limit 2",
        "journal discard --all --yes", "journal restore --all --yes", "outbox retry --all --yes", "outbox cancel --all --yes",
        "lanes release x --yes", "lanes skip x --yes", "journal prune --older-than 0s --yes",
        "outbox prune --older-than 0s --yes",
        "database migrate", "database backup NEW", "database vacuum", "database adopt",
        "journal import LINES --yes", "publish news hello", "subscribe 7 news", "unsubscribe 7 news", "set-context 7 level=7",
        #"call conn.call {"c":"7","f":"subscribe","a":["news"]}"#, "pause --topic chat", "resume --topic chat",
    ]

    /// The verb's words, with the file's path where options belong.
    static func words(_ verb: String, on path: String) throws -> [String] {
        let lines = "\(path).lines"
        if verb.contains("LINES") {
            try Data(#"{"topic":"chat","client":"7","data":{"a":1}}"#.utf8).write(to: URL(fileURLWithPath: lines))
        }
        var words = verb.split(separator: " ").map { word in
            switch word {
            case "NEW": "\(path).\(UUID().uuidString)"
            case "LINES": lines
            default: String(word)
            }
        }
        words.insert(contentsOf: ["--database", path], at: words.firstIndex(of: "--") ?? words.endIndex)
        return words
    }

    @Test("every verb ends in order", arguments: HostileFiles.values)
    func values(file: HostileFiles.File) async throws {
        try await withSpoiled(file) { path in
            for (place, verb) in Self.verbs.enumerated() where Self.isWhole || Self.isTried(place, file) {
                try await expect(verb, on: path, file)
            }
        }
    }

    @Test("a file whose schema was changed is refused by every verb, with one line", arguments: HostileFiles.schemas)
    func schemas(file: HostileFiles.File) async throws {
        try await withSpoiled(file) { path in
            for (place, verb) in Self.verbs.enumerated() where Self.isWhole || place % 9 == file.name.utf8.count % 9 {
                try await expect(verb, on: path, file)
            }
        }
    }

    /// What looks at everything always, the others in turn.
    private static func isTried(_ place: Int, _ file: HostileFiles.File) -> Bool {
        let verb = verbs[place]
        if verb.hasPrefix("consume") { return file.meetsConsumer }
        return verb == "status --json" || verb == "journal list" || verb == "outbox list"
            || place % 9 == file.name.utf8.count % 9
    }

    /// - Parameter time: how many seconds what follows goes on.
    private func expect(_ verb: String, on path: String, _ file: HostileFiles.File, for time: String = "0.7") async throws {
        let follows = verb.contains("tail") || verb.hasPrefix("consume")
        let arguments = try Self.words(verb, on: path)
        // Ends it in order after a while, and kills it where that does not help.
        let signal = verb.hasPrefix("consume") ? "TERM" : "INT"
        let limits = follows ? ["--preserve-status", "-s", signal, "-k", "10", time] : ["-s", "KILL", "20"]
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(limits + [Program.path.string] + arguments), input: .none,
            output: .string(limit: 64 << 20), error: .string(limit: 16 << 20))
        let outcome = Program.Outcome(result.terminationStatus, result.standardOutput, result.standardError)
        // On a busy machine it had not begun to listen to signals.
        if follows, outcome.code == 143, time != "8" { return try await expect(verb, on: path, file, for: "8") }
        let what = "\(verb) on \(file.name): \(outcome.code.map { "\($0)" } ?? "signal") \(outcome.errors.prefix(500))"
        #expect(outcome.code.map(Self.codes.contains) == true, "\(what)")
        #expect(!outcome.output.utf8.contains(0x1B) && !outcome.errors.utf8.contains(0x1B), "\(what)")
        if file.isRefused, !Self.looksDeeper(verb, file) { #expect(outcome.code == 65, "\(what)") }
        if let code = outcome.code, code >= 64, !follows {
            #expect(outcome.errorLines.last?.hasPrefix("connmix-durable: ") == true, "\(what)")
            #expect(!outcome.errors.contains("bug"), "\(what)")
        }
        if outcome.code == 0, verb.contains("--json") { #expect(throws: Never.self, "\(what)") { try outcome.objects() } }
    }

    /// The doctor reports what it finds, and an older schema is no offence.
    private static func looksDeeper(_ verb: String, _ file: HostileFiles.File) -> Bool {
        verb == "doctor" || file.name == "PRAGMA user_version = 1"
    }

    /// A database that holds something of everything, spoiled.
    private func withSpoiled(_ file: HostileFiles.File, _ body: (String) async throws -> Void) async throws {
        try await withDatabase(texts: ["bad", "good", "more"], parking: true, handler: answerEnd) { path in
            let entries = try Inspector(database: path).entries(JournalFilter())
            let repairs = try JournalOperator(database: path)
            _ = try repairs.discard([entries[1].id], reason: "hostile")
            _ = try repairs.replay([entries[1].id], reason: nil)
            try HostileFiles.spoil(path, file)
            try await body(path)
        }
    }
}
