import ConnmixDevEngine
import ConnmixDurable
import Foundation
import ServiceLifecycle
import Subprocess
import Testing
import TestSupport

@testable import connmix_durable

/// The console's server on a port, and the program that starts it.
@Suite("the console", .timeLimit(.minutes(2)))
struct ConsoleTests {
    /// Serves a file's console while `body` runs.
    private func serving(
        _ database: String, token: String? = nil, redact: String? = nil, changes: Bool = false,
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let address = try #require(MetricsAddress(argument: "127.0.0.1:0"))
        let desk = WebDesk(
            database: database, redaction: try redact.map { [try #require(RedactionRules(argument: $0))] } ?? [],
            allowsChanges: changes, isAlone: false)
        let http = try await HTTPService.bind(address, flag: "--listen", limits: WebService.limits)
        let port = try #require(http.address.split(separator: ":").last.flatMap { Int($0) })
        let place = ServedPlace(address: address, token: token.flatMap { ListenToken($0) })
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: WebService(http, place: place, desk: desk))], logger: .quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body(port)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func get(_ path: String, _ port: Int, headers: [String] = []) throws -> HTTPPeer.Response {
        try #require(HTTPPeer(port: port)).post(path, "", method: "GET", host: "localhost", headers: headers)
    }

    private func post(_ path: String, _ body: String, _ port: Int) throws -> HTTPPeer.Response {
        try #require(HTTPPeer(port: port)).post(path, body, host: "localhost", headers: ["Content-Type: application/json"])
    }

    private func object(_ response: HTTPPeer.Response) throws -> [String: JSON] {
        try JSONDecoder().decode([String: JSON].self, from: Data(response.body.utf8))
    }

    private func selection(_ path: String, _ port: Int) throws -> (name: String, count: Int) {
        let found = try object(get(path, port))
        return (try #require(found["selection"]?.text), Int(try #require(found["count"]?.number)))
    }

    // MARK: Looking

    @Test("P12: the page needs nothing from elsewhere, and lets a browser run and load nothing else")
    func page() async throws {
        try await withTemporaryDatabase { path in
            try await EveryKind.write(path)
            try await serving(path) { port in
                let page = try get("/", port)
                #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
                let policy = page.headers["content-security-policy"] ?? ""
                #expect(
                    policy.contains("default-src 'none'") && !policy.contains("unsafe")
                        && policy.contains("frame-ancestors 'none'"))
                #expect(page.headers["x-content-type-options"] == "nosniff")
                #expect(!page.body.contains("//") && !page.body.contains("style="))
                for asset in WebAsset.allCases {
                    let answer = try get(asset.rawValue, port)
                    #expect(answer.status == 200 && !answer.body.isEmpty)
                    #expect(asset == .page || page.body.contains(asset.rawValue.dropFirst()) || asset == .texts)
                }
                // What comes from outside is put in as text: nothing is ever read as markup.
                let script = try get("/console.js", port).body
                for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
                    #expect(!script.contains(word), "\(word)")
                }
                #expect(try #require(HTTPPeer(port: port)).post("/", "", method: "GET", host: "evil.example").status == 403)
            }
        }
    }

    @Test(
        "every page of a file with everything in it: the command line's keys, payloads to the byte, nothing that acts on a terminal"
    )
    func looks() async throws {
        try await withTemporaryDatabase { path in
            try await EveryKind.write(path)
            try await serving(path) { port in
                var bodies: [String] = []
                for page in [
                    "/api/about", "/api/status", "/api/journal", "/api/outbox", "/api/lanes", "/api/gaps", "/api/actions",
                    "/api/journal/causes?since=10000d", "/api/outbox/causes",
                ] {
                    let answer = try get(page, port)
                    #expect(answer.status == 200, "\(page): \(answer.body)")
                    #expect(answer.headers["content-type"] == "application/json" && answer.headers["cache-control"] == "no-store")
                    bodies.append(answer.body)
                }
                for id in 1...EveryKind.count { bodies.append(try get("/api/journal/\(id)", port).body) }
                #expect(bodies.allSatisfy { !$0.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x7F } })
                // The keys of the command line, and in the place of `data` its text.
                let shown = try await Program.run("journal", "show", "1", "--database", path, "--json").objects()[0]
                let row = try object(get("/api/journal/1", port))
                #expect(Set(shown.keys).subtracting(["data"]).isSubset(of: row.keys))
                #expect(row["payload"]?.text == #"{"frame":{"data":"{\"phone\":\"+4179\"}"}}"#)
                #expect(try object(get("/api/journal/2", port))["payload"]?.text == #"{"a" : [1,  2.50e3]}"#)
                let status = try await Program.run("status", "--database", path, "--json").objects()[0]
                #expect(Set(try object(get("/api/status", port)).keys) == Set(status.keys))
                // Pages.
                let first = try object(get("/api/journal?limit=5", port))
                let next = try #require(first["next"]?.number)
                let second = try object(get("/api/journal?limit=200&after=\(Int(next))", port))
                #expect((first["rows"]?.array?.count ?? 0) + (second["rows"]?.array?.count ?? 0) == EveryKind.count)
                #expect(try get("/api/journal/999", port).status == 404)
                #expect(try get("/api/journal?state=nonsense", port).status == 400)
            }
        }
    }

    @Test("P12: what must not be shown is in no answer, whoever quotes it, and cannot be searched for")
    func redacted() async throws {
        let quoting: MessageHandler = { message, context in
            if message.text == "end" { return try context.meshSend(to: message.client, "ended") }
            // Said again in a reply, and in the name of its lane.
            if message.text?.contains("reply") == true {
                return try context.stage(
                    .meshSend(to: message.client, "received: \(message.text ?? "")").with { $0.lane = message.text })
            }
            throw HandlerError.permanent("no such customer: \(message.text ?? "")")
        }
        let secret = "SECRET-4711"
        // The second is larger than what is read for a list, the third than what is read for one row.
        let texts = [0, 9_000, 300_000].map { #"{"phone":"\#(secret)","n":1,"x":"\#(String(repeating: "y", count: $0))"}"# }
        try await withDatabase(texts: texts + [#"{"phone":"\#(secret)","reply":1}"#], handler: quoting) { path in
            let pages = [
                "/api/status", "/api/journal", "/api/journal?state=dead", "/api/journal/1", "/api/journal/2", "/api/journal/3",
                "/api/journal/4", "/api/journal/causes", "/api/lanes", "/api/outbox", "/api/outbox/1", "/api/actions",
            ]
            try await serving(path) { port in
                for page in ["/api/journal", "/api/journal/1", "/api/journal/3", "/api/outbox", "/api/outbox/1"] {
                    let shown = try get(page, port)
                    #expect(shown.body.contains(secret), "\(page)")
                }
            }
            try await serving(path, redact: "data.frame.data.phone") { port in
                for page in pages {
                    let answer = try get(page, port)
                    #expect(answer.status == 200)
                    #expect(!answer.body.contains(secret) && !answer.body.contains("4711"), "\(page): \(answer.body)")
                }
                #expect(try get("/api/journal/1", port).body.contains(#"\"n\":1"#.replacing("\\\"", with: #"\\\""#)))
                // What is larger than what is read is hidden whole, and so is what may quote it.
                for id in 1...3 {
                    let row = try object(get("/api/journal/\(id)", port))
                    #expect(row["state"]?.text == "dead" && row["last_error"]?.text == "[redacted]")
                    #expect((row["payload"]?.text == "[redacted]") == (id == 3))
                }
                for page in [
                    "/api/journal?error=4711", "/api/journal/retry/selection?error=4711", "/api/lanes/skip/selection?lane=x",
                ] {
                    let answer = try get(page, port)
                    #expect(answer.status == 400 || answer.status == 409)
                    #expect(!answer.body.contains("count"))
                }
            }
        }
    }

    @Test("P12: a lane that is named after what must not be shown is shown without its name, and cannot be named")
    func redactedLanes() async throws {
        try await withDatabase(texts: ["bad"], parking: true, handler: answerEnd) { path in
            let lane = try #require(try Inspector(database: path).parkedLanes().first?.lane)
            try await serving(path) { port in
                let lanes = try get("/api/lanes", port)
                #expect(lanes.body.contains("\"lane\":\"\(lane)\""))
                #expect(try selection("/api/lanes/skip/selection?lane=\(lane)", port).count == 1)
            }
            try await serving(path, redact: "lane,client") { port in
                let lanes = try get("/api/lanes", port)
                #expect(lanes.body.contains("no good") && !lanes.body.contains(lane))
                #expect(try get("/api/lanes/skip/selection?lane=\(lane)", port).status == 409)
            }
        }
    }

    @Test("with a token nothing of the file is told without it, and the page asks for it")
    func tokens() async throws {
        try await withTemporaryDatabase { path in
            try await EveryKind.write(path)
            try await serving(path, token: "0123456789abcdef") { port in
                #expect(try get("/", port).status == 200)
                let refused = try get("/api/status", port)
                #expect(refused.status == 401 && refused.headers["www-authenticate"] == "Bearer")
                #expect(try get("/api/status", port, headers: ["Authorization: Bearer 0123456789abcdef"]).status == 200)
            }
        }
    }

    // MARK: Changing

    @Test("what was selected is changed, recorded with its reason, and undone; what came later is left alone")
    func changes() async throws {
        try await withDatabase(texts: ["bad", "ok", "bad"], handler: answerEnd) { path in
            let inspector = try Inspector(database: path)
            let dead = try inspector.entries(JournalFilter()).filter { $0.state == .dead }.map(\.id)
            #expect(dead.count == 2)
            try await serving(path, changes: true) { port in
                let found = try selection("/api/journal/discard/selection?state=dead", port)
                #expect(found.count == 2)
                // Somebody else is quicker with one of them: it is skipped, and said so.
                _ = try JournalOperator(database: path).discard([dead[0]])
                let body = #"{"selection":"\#(found.name)","reason":"known \#("\u{1F600}")"}"#
                let report = try object(post("/api/changes", body, port))
                #expect(report["applied"]?.number == 1 && report["matched"]?.number == 2)
                #expect(try inspector.entries(JournalFilter()).filter { $0.state == .discarded }.count == 2)
                let action = try #require(try inspector.actions().first)
                #expect(action.verb == "discard" && action.reason == "known 😀" && action.selection.contains("\"state\""))
                // Once is once.
                #expect(try post("/api/changes", body, port).status == 409)
                let undone = try selection("/api/actions/\(action.id)/selection", port)
                #expect(undone.count == 1)
                #expect(try post("/api/changes", #"{"selection":"\#(undone.name)"}"#, port).status == 200)
                #expect(try inspector.entries(JournalFilter()).filter { $0.state == .dead }.count == 1)
                // What has changed since is not undone, and said so.
                _ = try JournalOperator(database: path).discard([dead[1]])
                let late = try selection("/api/actions/\(try inspector.actions()[0].id)/selection", port)
                _ = try JournalOperator(database: path).restore([dead[1]])
                let skipped = try object(post("/api/changes", #"{"selection":"\#(late.name)"}"#, port))
                #expect(skipped["applied"]?.number == 0 && skipped["skipped"]?.array?.count == 1)
                // One row by its id, and one that is not there.
                #expect(try selection("/api/journal/retry/selection?id=\(dead[1])", port).count == 1)
                #expect(try get("/api/journal/retry/selection?id=999", port).status == 404)
                #expect(try post("/api/changes", "{}", port).status == 409)
            }
        }
    }

    @Test("a topic is paused and goes on; a parked lane is released")
    func pausesAndLanes() async throws {
        try await withDatabase(texts: ["bad", "ok"], parking: true, handler: answerEnd) { path in
            let inspector = try Inspector(database: path)
            try await serving(path, changes: true) { port in
                #expect(try post("/api/pause?topic=chat", #"{"reason":"tired"}"#, port).status == 200)
                let paused = try #require(try inspector.status().paused.first)
                #expect(paused.topic == "chat" && paused.reason == "tired" && !paused.holdsIntake)
                #expect(try post("/api/resume?topic=chat", "{}", port).status == 200)
                #expect(try inspector.status().paused.isEmpty)
                let lane = try #require(try object(get("/api/lanes", port))["rows"]?.array?.first?.object?["lane"]?.text)
                let found = try selection("/api/lanes/skip/selection?lane=\(lane)", port)
                #expect(found.count == 1)
                #expect(try post("/api/changes", #"{"selection":"\#(found.name)"}"#, port).status == 200)
                #expect(try inspector.parkedLanes().isEmpty)
                #expect(try get("/api/lanes/skip/selection?lane=\(lane)", port).status == 409)
            }
        }
    }

    @Test("P12: a console that only shows changes nothing")
    func onlyShows() async throws {
        try await withDatabase(texts: ["bad"], handler: answerEnd) { path in
            try await serving(path) { port in
                let found = try selection("/api/journal/discard/selection?state=dead", port)
                #expect(try post("/api/changes", #"{"selection":"\#(found.name)"}"#, port).status == 403)
                #expect(try post("/api/pause", "{}", port).status == 403)
                #expect(try Inspector(database: path).actions().isEmpty)
            }
        }
    }

    @Test("a file that goes away and another in its place: it is said, and the other one is shown")
    func replaced() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try await serving(path) { port in
                let missing = try get("/api/status", port)
                #expect(missing.status == 503 && missing.body.contains("there is no database"))
                try await EveryKind.write(path)
                #expect(try get("/api/journal/1", port).status == 200)
                try FileManager.default.removeItem(atPath: path)
                try await eventually("it is noticed") { try get("/api/journal/1", port).status == 503 }
                for end in ["-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: path + end) }
                try await EveryKind.write(path)
                try await eventually("the new one is shown") { try get("/api/journal/1", port).status == 200 }
            }
        }
    }

    // MARK: The program

    @Test("web and consume --web serve it, say where, and stop when they are told")
    func programs() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try await withDevEngine { engine in
                let log = folder + "/log"
                let arguments =
                    ["consume", "--echo", "--topic", "chat", "--database", path, "--center", engine.center]
                    + ["--web", "127.0.0.1:0", "--drain", "1"]
                let consumed = try await Program.run(arguments, errors: log) {
                    let port = try await port(after: "address=127.0.0.1:", in: log)
                    try await eventually("the file is made") { try get("/api/status", port).body.contains("\"running\":true") }
                    #expect(try get("/", port).status == 200)
                    #expect(try object(get("/api/about", port))["changes"]?.bool == false)
                }
                #expect(consumed.code == 0)
            }
            let log = folder + "/web"
            let served = try await Program.run(
                ["web", "--database", path, "--listen", "0", "--allow-changes"], errors: log
            ) {
                let port = try await port(after: "http://127.0.0.1:", in: log)
                #expect(try object(get("/api/about", port))["changes"]?.bool == true)
                #expect(try get("/api/status", port).body.contains("\"running\":false"))
            }
            #expect(served.code == 0)
            let missing = try await Program.run("web", "--database", folder + "/nothing")
            #expect(missing.code == 66)
            let open = try await Program.run("web", "--database", path, "--listen", "0.0.0.0:0")
            #expect(open.code == 64 && open.errors.contains("--token-file"))
        }
    }

    private func port(after mark: String, in log: String) async throws -> Int {
        var port: Int?
        try await eventually("it says where") {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.contains("console") }
            port = line?.firstRange(of: mark).flatMap { place in Int(text[place.upperBound...].prefix { $0.isNumber }) }
            return port != nil
        }
        return try #require(port)
    }

    @Test("what the page makes of texts, times and numbers", .enabled(if: ChatExamplesTests.isInstalled("node")))
    func texts() async throws {
        let page = MarkdownPage.root.appendingPathComponent("Sources/connmix-durable/Web/Page").path
        try await withFolder { folder in
            for name in ["text.js", "console.js"] {
                try FileManager.default.copyItem(atPath: "\(page)/\(name)", toPath: "\(folder)/\(name).mjs")
            }
            let checks = try script(
                folder,
                #"""
                import assert from 'node:assert/strict';
                import { age, bytes, isStructured, points, pretty, rate, visible } from './text.js.mjs';
                // Every character of a value stays, whatever a browser's numbers are.
                const json = '{"a":[1.50,12345678901234567890,{}],"b":"x, {y}: \\"[\\" \\\\","c":[ ],"d":{"e":null}}';
                const lines = pretty(json);
                assert.equal(lines.replace(/\s+/g, ''), json.replace(/\s+/g, ''));
                assert.ok(lines.includes('12345678901234567890') && lines.includes('1.50') && lines.split('\n').length === 12, lines);
                for (const broken of ['{', '"', '}}}}', '[[[', '"\\', ',,', '']) assert.equal(typeof pretty(broken), 'string');
                assert.equal(pretty('['.repeat(200)).split('\n').at(-1).length, 40);
                assert.equal(isStructured('{"a":1}'), true);
                for (const plain of ['1', '"x"', 'hello', '{', '']) assert.equal(isStructured(plain), false);
                assert.equal(visible('a\u202eb\u0000c\u009b\u200b\n中\u{e0041}😀'), 'a\\u202eb\\u0000c\\u009b\\u200b\n中\\u{e0041}😀');
                assert.deepEqual([0.25, 59, 60, 3599, 7200, 200000].map(age), ['250ms', '59s', '1m', '59m', '2h', '2d']);
                assert.equal(age(null), '');
                assert.deepEqual([0, 1023, 1024, 1048576 * 5].map(bytes), ['0 B', '1023 B', '1.0 KiB', '5.0 MiB']);
                assert.deepEqual([null, 0, 1.26, 12345.6].map(rate), ['–', '0', '1.3', '12,346']);
                assert.equal(points([0, 10], 100, 40), '0.0,40.0 100.0,0.0');
                assert.equal(points([], 100, 40), '');
                """#, name: "checks.mjs")
            for arguments in [["--check", folder + "/console.js.mjs"], [checks]] {
                let run = try await Subprocess.run(
                    .name("node"), arguments: Arguments(arguments), output: .discarded, error: .string(limit: 1 << 20))
                #expect(run.terminationStatus.isSuccess, "\(run.standardError)")
            }
        }
    }
}
