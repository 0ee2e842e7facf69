import ConnmixDevEngine
import ConnmixDurable
import FoundationEssentials
import Testing
import TestSupport

@Suite("database and doctor", .timeLimit(.minutes(1)))
struct DatabaseTests {
    @Test("info, check, backup, vacuum and migrate of a file that nobody owns")
    func still() async throws {
        try await withDatabase(texts: ["hello", "bad"], handler: answerEnd) { path in
            func object(_ arguments: String...) async throws -> [String: JSON] {
                let outcome = try await Program.run(all: ["database"] + arguments + ["--json", "--database", path])
                #expect(outcome.code == 0, "\(outcome.errors)")
                return try #require(try outcome.objects().first)
            }
            let info = try await object("info")
            #expect(info["page_size"] == .number(4_096))
            #expect(info["migrations"]?.array?.isEmpty == false)
            let check = try await object("check")
            #expect(check["ok"] == .bool(true))
            #expect(check["problems"] == .array([]))
            let backup = try await object("backup", path + ".copy")
            #expect(backup["path"] == .text(path + ".copy"))
            let again = try await Program.run("database", "backup", path + ".copy", "--database", path)
            #expect(again.code == 73)
            #expect(again.errorLines.count == 1)
            #expect(again.errors.contains("--force"))
            _ = try await object("backup", path + ".copy", "--force")
            #expect(try await object("vacuum")["bytes_after"] != nil)
            #expect(try await object("migrate")["applied"] == .array([]))
            for command in ["info", "check", "vacuum", "migrate"] {
                let text = try await Program.run("database", command, "--database", path)
                #expect(text.code == 0 && !text.output.isEmpty && text.errors.isEmpty, "\(command): \(text.errors)")
            }
            let doctor = try await Program.run("doctor", "--json", "--database", path)
            let levels = try doctor.objects().compactMap { $0["level"]?.text }
            #expect(levels.count == 10)
            #expect((doctor.code == 0) == !levels.contains("problem"))
        }
    }

    @Test("beside a consumer: check and backup work, vacuum and migrate are refused with 75")
    func live() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let consume = ["consume", "--database", path, "--center", engine.center, "--topic", "chat", "--echo"]
                _ = try await Program.run(consume) {
                    try await user.send("hello")
                    try await engine.waitUntil { $0.delivered >= 1 }
                    for command in ["vacuum", "migrate"] {
                        let outcome = try await Program.run("database", command, "--database", path)
                        #expect(outcome.code == 75)
                        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("process"))
                    }
                    for arguments in [["check"], ["backup", path + ".copy"]] {
                        let outcome = try await Program.run(all: ["database"] + arguments + ["--database", path])
                        #expect(outcome.code == 0, "\(outcome.errors)")
                    }
                    let doctor = try await Program.run("doctor", "--database", path)
                    #expect(doctor.output.contains("the file is owned by process"))
                }
            }
            // What the consumer held at that moment is taken up by whoever starts on the copy.
            #expect(try await Program.run("database", "check", "--database", path + ".copy").code == 0)
        }
    }

    @Test("a file that is not sound: 1, with what is wrong; other bad input: one line, and nothing changed")
    func bad() async throws {
        try await withDatabase(texts: ["hello"], handler: answerEnd) { path in
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let page = bytes.count - 4_096
            bytes.replaceSubrange(page..<bytes.count, with: Data(repeating: 0x5A, count: 4_096))
            try bytes.write(to: URL(fileURLWithPath: path + ".bad"))
            let check = try await Program.run("database", "check", "--database", path + ".bad")
            #expect(check.code == 1)
            #expect(check.output.contains("problem"))
            let backup = try await Program.run("database", "backup", path + ".copy", "--database", path + ".bad")
            #expect(backup.code == 65)
            #expect(!FileManager.default.fileExists(atPath: path + ".copy"))
            for command in [["info"], ["check"], ["backup", path + ".copy"], ["vacuum"], ["migrate"]] {
                let missing = try await Program.run(all: ["database"] + command + ["--database", path + ".none"])
                #expect(missing.code == 66, "\(command)")
                #expect(missing.errorLines.count == 1)
                #expect(!FileManager.default.fileExists(atPath: path + ".none"))
                #expect(!FileManager.default.fileExists(atPath: path + ".none.lock"))
            }
            #expect(try await Program.run("database", "backup", "--database", path).code == 64)
            for (target, code) in [("", 64), ("/", 73), (path, 73), (path + "/below", 73)] as [(String, Int32)] {
                let refused = try await Program.run("database", "backup", target, "--force", "--database", path)
                #expect(refused.code == code, "\(target): \(refused.errors)")
                #expect(refused.errorLines.count == 1 && refused.output.isEmpty)
            }
            #expect(try await Program.run("database", "check", "--database", path).code == 0)
            #expect(try await Program.run("doctor", "--database", path + ".none").code == 66)
        }
    }
}
