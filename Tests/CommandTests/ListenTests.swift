import ConnmixDevEngine
import ConnmixDurable
import FoundationEssentials
import Glibc
import Subprocess
import Synchronization
import SystemPackage
import Testing
import TestSupport

@testable import connmix_durable

@Suite("consume --listen", .timeLimit(.minutes(2)))
struct ListenTests {
    /// A port that nobody has at the moment.
    private func freePort() throws -> Int {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(file, $0, size) + getsockname(file, $0, &size) }
        }
        try #require(result == 0)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Runs `consume --echo --listen` beside `body`, and ends it in order.

    private func listening(
        _ folder: String, center: String, options: [String] = [], under wrapper: [String] = [],
        _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws -> Program.Outcome {
        let port = try freePort()
        let arguments =
            ["consume", "--echo", "--topic", "chat", "--database", folder + "/db", "--center", center]
            + ["--listen", "127.0.0.1:\(port)", "--backoff-base", "0.01", "--directory-refresh", "0.2", "--drain", "1"] + options
        return try await Program.run(arguments, under: wrapper) {
            try await eventually("it listens") {
                guard let peer = HTTPPeer(port: port) else { return false }
                return try peer.post("/v1/command", "{}", headers: ["Authorization: Bearer 0123456789abcdef"]).status != 503
            }
            try await body(port)
        }
    }

    @Test("P4: a push is in the outbox before it is answered, and its answer can be waited for, in the engine's own form")
    func pushes() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let id = user.id
                let outcome = try await listening(folder, center: engine.center) { port in
                    let peer = try #require(HTTPPeer(port: port))
                    let committed = try peer.post("/v1/mesh/send", #"{"c":"\#(id)","d":"one"}"#)
                    #expect(committed.status == 202)
                    #expect(committed.body == "{\"id\":1}\n")
                    #expect(try Inspector(database: folder + "/db").command(1).client == id)
                    // On the same connection, and in its order.
                    let sent = try peer.post("/v1/mesh/send?wait=10", #"{"c":"\#(id)","d":"two"}"#)
                    #expect(sent.status == 200)
                    #expect(sent.body == "{\"E\":null,\"r\":{\"s\":true},\"id\":2}\n")
                    let subscribed = try peer.post(
                        "/v1/command?wait=10", #"{"m":"conn.call","p":{"c":"\#(id)","f":"subscribe","a":["room"]}}"#)
                    #expect(subscribed.status == 200)
                    let published = try peer.post("/v1/mesh/publish?wait=10", #"{"c":"room","d":"three"}"#)
                    #expect(published.body == "{\"E\":null,\"r\":{\"s\":1,\"f\":0},\"id\":4}\n")
                    let gone = try peer.post("/v1/mesh/send?wait=10", #"{"c":"999","d":"x"}"#)
                    #expect(gone.status == 200)
                    #expect(gone.body.contains("\"c\":401"))
                    // A second time with a key is the first one's.
                    let keyed = try (0..<2).map { _ in
                        try peer.post("/v1/mesh/send", #"{"c":"\#(id)","d":"once"}"#, headers: ["Idempotency-Key: k"]).body
                    }
                    #expect(keyed[0] == keyed[1])
                    #expect(try peer.post("/v1/mesh/send", "nonsense").status == 400)
                    #expect(try #require(HTTPPeer(port: port)).post("/elsewhere", "{}").status == 404)
                    #expect(try #require(HTTPPeer(port: port)).post("/v1/mesh/send", "", method: "GET").status == 405)
                }
                #expect(outcome.code == 0)
                await user.close()
                var texts: [String] = []
                for await frame in user.frames { texts.append(frame.text ?? "") }
                #expect(texts == ["one", "two", "three", "once"])
            }
        }
    }

    @Test("P4: with no node to send by, a push is accepted, waited for in vain, and sent by the next run")
    func offline() async throws {
        try await withFolder { folder in
            _ = try await listening(folder, center: "127.0.0.1:1") { port in
                let peer = try #require(HTTPPeer(port: port))
                let answer = try peer.post("/v1/mesh/publish?wait=0.2", #"{"c":"room","d":"x"}"#)
                #expect(answer.status == 504)
                #expect(answer.body.hasPrefix("{\"id\":1,"))
            }
            try await withDevEngine { engine in
                _ = try await listening(folder, center: engine.center) { _ in
                    try await engine.waitUntil { $0.appliedCount("mesh.publish") == 1 }
                }
            }
        }
    }

    @Test("P12: what is too large, never ends or is no HTTP costs that connection alone")
    func hostile() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let outcome = try await listening(folder, center: engine.center) { port in
                    let large = try #require(HTTPPeer(port: port))
                    large.send(Array("POST /v1/mesh/send HTTP/1.1\r\nContent-Length: \(17 << 20)\r\n\r\n".utf8))
                    large.send([UInt8](repeating: 0x20, count: 17 << 20))
                    #expect(large.readResponse()?.status == 413)
                    let endless = try #require(HTTPPeer(port: port))
                    endless.send(Array("POST /v1/mesh/send HTTP/1.1\r\nA: ".utf8))
                    endless.send([UInt8](repeating: 0x61, count: 1 << 20))
                    let header = endless.readResponse()
                    #expect(header == nil || (400..<500).contains(header?.status ?? 0))
                    let noise = try #require(HTTPPeer(port: port))
                    noise.send((0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 7) })
                    let garbage = noise.readResponse()
                    #expect(garbage == nil || garbage?.status == 400)
                    var crowd: [HTTPPeer] = []
                    for _ in 0..<600 { crowd.append(try #require(HTTPPeer(port: port))) }
                    let peer = try #require(HTTPPeer(port: port))
                    #expect(try peer.post("/v1/mesh/send", #"{"c":"1","d":"x"}"#).status == 202)
                    withExtendedLifetime(crowd) {}
                }
                #expect(outcome.code == 0, "\(outcome.errors)")
            }
        }
    }

    @Test("P12: connections without a token cannot take the file descriptors that nodes need")
    func descriptors() async throws {
        try await withFolder { folder in
            let file = folder + "/token"
            try Data("0123456789abcdef\n".utf8).write(to: URL(fileURLWithPath: file))
            try await withDevEngine { engine in
                let outcome = try await listening(
                    folder, center: engine.center, options: ["--listen-token-file", file, "--log-format", "json"],
                    under: Program.descriptors("-n 256")
                ) { port in
                    var crowd: [HTTPPeer] = []
                    for _ in 0..<300 { crowd.append(try #require(HTTPPeer(port: port))) }
                    // The server has come to the last of them.
                    #expect(try #require(HTTPPeer(port: port)).post("/v1/mesh/send", "{}").status == 401)
                    _ = try await engine.restartNode(engine.nodes[0].id)
                    let user = try await engine.connectEndUser()
                    try await user.send("hello")
                    try await engine.waitUntil(within: .seconds(20)) { $0.delivered == 1 }
                    withExtendedLifetime(crowd) {}
                }
                #expect(outcome.code == 0, "\(outcome.errors)")
                let said = try outcome.logged("file descriptors are short, and fewer connections are served at once")
                #expect(said.count == 1 && said[0]["listen"] == .text("128") && said[0]["descriptors"] == .text("256"))
            }
        }
    }

    @Test("P12: beyond this machine only with a token; with one, only who names it")
    func token() async throws {
        try await withFolder { folder in
            let arguments = ["consume", "--echo", "--topic", "chat", "--database", folder + "/db"]
            let open = try await Program.run(all: arguments + ["--listen", "0.0.0.0:0"])
            #expect(open.code == 64)
            #expect(open.errors.contains("--listen-token-file"))
            let file = folder + "/token"
            let missing = try await Program.run(all: arguments + ["--listen", "127.0.0.1:0", "--listen-token-file", file])
            #expect(missing.code == 64)
            #expect(missing.errorLines.last?.hasSuffix("; --listen-token-file names a file that holds the token") == true)
            try Data("  \n".utf8).write(to: URL(fileURLWithPath: file))
            #expect(try await Program.run(all: arguments + ["--listen", "0.0.0.0:0", "--listen-token-file", file]).code == 65)
            try Data("0123456789abcdef\n".utf8).write(to: URL(fileURLWithPath: file))
            for (mode, warnings) in [(0o644, 1), (0o640, 0), (0o600, 0)] as [(mode_t, Int)] {
                try #require(chmod(file, mode) == 0)
                try await withDevEngine { engine in
                    let options = ["--listen-token-file", file, "--log-format", "json"]
                    let outcome = try await listening(folder, center: engine.center, options: options) { port in
                        let peer = try #require(HTTPPeer(port: port))
                        let body = #"{"c":"1","d":"x"}"#
                        #expect(try peer.post("/v1/mesh/send", body).status == 401)
                        // Whoever is refused is not read any further.
                        let other = try #require(HTTPPeer(port: port))
                        let answer = try other.post("/v1/mesh/send", body, headers: ["Authorization: Bearer 0123456789abcdef"])
                        #expect(answer.status == 202)
                    }
                    let said = try outcome.logged("every user of this machine may read the token; make its file mode 600")
                    #expect(said.compactMap { $0["file"]?.text } == Array(repeating: file, count: warnings))
                }
            }
        }
    }

    @Test("a port that is taken is one clear line and exit 73")
    func taken() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                _ = try await listening(folder, center: engine.center) { port in
                    let other = try await Program.run(
                        "consume", "--echo", "--topic", "chat", "--database", folder + "/other", "--listen", "127.0.0.1:\(port)")
                    #expect(other.code == 73)
                    #expect(other.errorLines.last?.contains("name another address with --listen") == true)
                }
            }
        }
    }

    @Test(
        "the old PHP client's active push, unchanged but for its first line",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/php"), "PHP is not installed"))
    func php() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                _ = try await listening(folder, center: engine.center) { port in
                    let peer = try #require(HTTPPeer(port: port))
                    let subscribed = try peer.post(
                        "/v1/command?wait=10", #"{"m":"conn.call","p":{"c":"\#(user.id)","f":"subscribe","a":["user_10001"]}}"#)
                    #expect(subscribed.status == 200)
                    let push = try await Subprocess.run(
                        .path("/usr/bin/php"), arguments: [Self.example("php/push.php")],
                        environment: .inherit.updating(["CONNMIX_LISTEN": "127.0.0.1:\(port)"]), output: .string(limit: 4_096),
                        error: .string(limit: 4_096))
                    #expect(push.standardOutput == "sent to 1\n", "\(push.standardError)")
                    let astray = try await Subprocess.run(
                        .path("/usr/bin/php"), arguments: [Self.example("php/push.php")],
                        environment: .inherit.updating(["CONNMIX_LISTEN": engine.center]), output: .string(limit: 4_096),
                        error: .string(limit: 4_096))
                    #expect(astray.standardError.contains("answered 404 and is not `consume --listen`; is it the center?"))
                }
                await user.close()
                var texts: [String] = []
                for await frame in user.frames { texts.append(frame.text ?? "") }
                #expect(texts == [#"{"broadcast":"ok"}"#])
            }
        }
    }

    private static func example(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Examples/" + name).path
    }

    @Test(
        "a connection takes any number of requests; half a request holds up nobody's stop, and an uncalled-for body is not waited for"
    )
    func connections() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let start = ContinuousClock.now
                let outcome = try await listening(folder, center: engine.center) { port in
                    let peer = try #require(HTTPPeer(port: port))
                    let body = #"{"c":"room","d":"\#(String(repeating: "x", count: 4_000))"}"#
                    for _ in 0..<60 { #expect(try peer.post("/v1/mesh/publish", body).status == 202) }
                    let refused = try #require(HTTPPeer(port: port))
                    refused.send(Array("POST /elsewhere HTTP/1.1\r\nContent-Length: 1000\r\n\r\n".utf8))
                    #expect(refused.readResponse()?.status == 404)
                    let half = try #require(HTTPPeer(port: port))
                    half.send(Array("POST /v1/mesh/send HTTP/1.1\r\nContent-Length: 100\r\n\r\n{".utf8))
                    #expect(try peer.post("/v1/mesh/publish", body).status == 202)
                    Self.held.withLock { $0.append(half.copy()) }
                }
                #expect(outcome.code == 0, "\(outcome.errors)")
                // It has a minute to send the rest.
                #expect(ContinuousClock.now - start < .seconds(50))
                Self.held.withLock { for file in $0 { close(file) } }
            }
        }
    }

    private static let held = Mutex<[Int32]>([])
}
