import ConnmixDevEngine
import FoundationEssentials
import Testing
import TestSupport

@Suite("consume, behind TLS, a password and another network", .timeLimit(.minutes(1)))
struct AccessTests {
    private func certificate(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Certificates/\(name).pem").path
    }

    @Test("--ca, user and password, --rewrite: the narrowest rule wins")
    func reached() async throws {
        var configuration = DevEngine.Configuration()
        configuration.tls = .init(certificate: certificate("server"), key: certificate("server-key"))
        configuration.credentials = .init(user: "hanna", password: "se/cret")
        try await withFolder { folder in
            try await withDevEngine(configuration) { center in
                try await withDevEngine(configuration) { engine in
                    let port = center.nodes[0].api.split(separator: ":")[1]
                    let arguments = [
                        "consume", "--database", folder + "/db", "--topic", "chat", "--echo", "--ca", certificate("ca"),
                        "--log-level", "trace", "--center", "https://hanna:se%2Fcret@\(center.center)",
                        "--rewrite", "*=192.0.2.1", "--rewrite", "127.0.0.1=192.0.2.2",
                        "--rewrite", "127.0.0.1:\(port)=\(engine.nodes[0].api)",
                    ]
                    let outcome = try await Program.run(arguments) {
                        let user = try await engine.connectEndUser()
                        try await user.send("hi")
                        try await engine.waitUntil { $0.delivered == 1 }
                    }
                    #expect(outcome.code == 0, "\(outcome.errors)")
                    #expect(!outcome.errors.contains("cret") && !outcome.errors.contains("hanna"))
                    #expect(outcome.errors.contains("consuming"))
                }
            }
        }
    }

    @Test(
        "64: what cannot be meant is told, without the password",
        arguments: [
            ["--rewrite", "a"], ["--rewrite", "=b"], ["--rewrite", "a="], ["--rewrite", "a=*"], ["--rewrite", "*:1=b"],
            ["--rewrite", "a:0=b"], ["--ca", "/no/such", "--center", "https://u:secret@h"], ["--ca", "/no/such"],
            ["--center", "u:secret@h:x"], ["--center", "https://u:secret@h", "--center", "h"],
        ])
    func refused(options: [String]) async throws {
        try await withFolder { folder in
            let arguments = ["consume", "--database", folder + "/db", "--topic", "chat", "--echo"] + options
            let outcome = try await Program.run(all: arguments)
            #expect(outcome.code == 64, "\(outcome.errors)")
            #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
            #expect(!outcome.errors.contains("secret"))
        }
    }
}
