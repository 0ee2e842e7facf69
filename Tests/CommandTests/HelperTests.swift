import ConnmixDevEngine
import ConnmixDurable
import Foundation
import Subprocess
import Testing
import TestSupport

/// The files that people copy beside their handlers, run by the real program against the development engine.
@Suite("helpers for other languages", .timeLimit(.minutes(2)))
struct HelperTests {
    static let hasPHP = installed("php")
    static let hasNode = installed("node")

    private static func installed(_ name: String) -> Bool {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    /// A file of the folder Examples.
    private func example(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Examples/\(name)").path
    }

    /// Consumes topic foo, as the old README does, while `body` runs.
    private func consuming(
        _ worker: [String], topic: String = "foo", _ body: @escaping @Sendable (DevEngine) async throws -> Void
    ) async throws -> Program.Outcome {
        try await withFolder { folder in
            try await withDevEngine(.init(topics: [topic])) { engine in
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", topic]
                    + ["--concurrency", "1", "--worker"] + worker
                return try await Program.run(arguments) { try await body(engine) }
            }
        }
    }

    // MARK: the old README's examples

    @Test("received.php answers", .enabled(if: hasPHP, "PHP is not installed"))
    func received() async throws {
        let outcome = try await consuming(["php", example("php/received.php")]) { engine in
            let user = try await engine.connectEndUser()
            try await user.send(contentsOf: ["hello", "é😀\"\\"])
            var frames = user.frames.makeAsyncIterator()
            #expect(await frames.next()?.text == "received: hello")
            #expect(await frames.next()?.text == "received: é😀\"\\")
        }
        #expect(outcome.code == 0, "\(outcome.errors)")
    }

    @Test(
        "userauth.php lets the end user who logs in go on", .enabled(if: hasPHP, "PHP is not installed"),
        arguments: [false, true])
    func userauth(isDecoded: Bool) async throws {
        let outcome = try await consuming(["php", example("php/userauth.php")]) { engine in
            try await engine.configure { $0.decodesFrames = isDecoded }
            let user = try await engine.connectEndUser()
            try await user.send(contentsOf: [#"{"op":"userauth","args":["a","b"]}"#, "hello"])
            #expect(await user.frames.first { _ in true }?.text == "welcome")
            let client = try await engine.snapshot().client(user.id)
            #expect(client?.context == ["user_id": "1000"] && client?.isWaiting == false)
        }
        #expect(outcome.code == 0, "\(outcome.errors)")
    }

    @Test("channels.php subscribes and publishes", .enabled(if: hasPHP, "PHP is not installed"))
    func channels() async throws {
        let outcome = try await consuming(["php", example("php/channels.php")]) { engine in
            let users = (try await engine.connectEndUser(), try await engine.connectEndUser())
            try await users.0.send("hello")
            #expect(await users.0.frames.first { _ in true }?.text == #"{"broadcast":"ok"}"#)
            try await users.1.send("hello")
            try await engine.waitUntil { $0.delivered == 3 }
            #expect(users.0.receivedCount == 2)
        }
        #expect(outcome.code == 0, "\(outcome.errors)")
    }

    // MARK: every way to end

    /// What became of each message, in the order they were sent: its answer's text, or its last error.
    private struct Results {
        let frames: [EndUser.Frame]
        let errors: [String]
        let attempts: [Int]
        let log: String
    }

    private func results(
        of worker: [String], _ texts: [String], frames count: Int, options: [String] = []
    ) async throws -> Results {
        try await withFolder { folder in
            let log = folder + "/log"
            return try await withDevEngine(.init(topics: ["chat"])) { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    [
                        "consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat", "--max-attempts",
                        "2",
                    ]
                    + ["--concurrency", "1", "--backoff-base", "0.01", "--backoff-cap", "0.02"] + options
                    + ["--worker"] + worker
                _ = try await Program.run(arguments, errors: log) {
                    try await user.send(contentsOf: texts)
                    try await engine.waitUntil(within: .seconds(60)) { $0.delivered >= count }
                }
                await user.close()
                var frames: [EndUser.Frame] = []
                for await frame in user.frames { frames.append(frame) }
                var filter = JournalFilter()
                filter.order = .oldest
                let entries = try Inspector(database: folder + "/db").entries(filter)
                return Results(
                    frames: frames, errors: entries.map { $0.lastError ?? "" }, attempts: entries.map { Int($0.attempts) },
                    log: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
            }
        }
    }

    @Test("connmix.php: exceptions, output, exit, fatal errors, warnings, bytes", .enabled(if: hasPHP, "PHP is not installed"))
    func php() async throws {
        try await withFolder { folder in
            let handler = folder + "/handler.php"
            try Data(
                """
                <?php
                declare(strict_types=1);
                require '\(example("php/connmix.php"))';
                $client = \\Connmix\\ClientBuilder::create()->build();
                $client->on(function ($node) {
                    $node->consume('chat');
                }, function (\\Connmix\\AsyncNodeInterface $node) {
                    $message = $node->message();
                    $text = $message->data()['frame']['data'];
                    switch ($text) {
                        case 'throw': throw new \\DomainException('oops');
                        case 'permanent': throw new \\Connmix\\PermanentError('never');
                        case 'later':
                            if ($message->attempt() === 1) throw new \\Connmix\\RetryAfter(0.05, 'not now');
                            break;
                        case 'echo': echo "printed by echo\\n"; break;
                        case 'buffer': ob_start(); echo 'left open'; break;
                        case 'closes': while (ob_get_level() > 0) ob_end_clean(); break;
                        case 'die': die('no database');
                        case 'fatal': ini_set('memory_limit', '4M'); str_repeat('x', 100000000); break;
                        case 'undefined': no_such_function(); break;
                        case 'warning': $a = []; $b = $a['missing']; break;
                        case 'bytes': $node->meshSend($message->clientID(), "\\xff\\x00"); return;
                        case 'nothing': $node->setContextValue($message->clientID(), 'k', "\\xff"); break;
                        case 'context': $node->setContext($message->clientID(), []); break;
                    }
                    $node->meshSend((int) $message->clientID(), "é😀 $text");
                }, function (\\Throwable $e) {
                    error_log('onError: ' . $e->getMessage());
                });
                echo "before run\\n";
                $client->run();
                """.utf8
            ).write(to: URL(fileURLWithPath: handler))
            let texts = [
                "throw", "permanent", "later", "echo", "buffer", "closes", "die", "fatal", "undefined", "warning", "bytes",
                "nothing",
                "context", "end",
            ]
            let results = try await results(of: ["php", handler], texts, frames: 8)
            let answered = ["later", "echo", "buffer", "closes", "warning", "context", "end"].map { "é😀 \($0)" }
            #expect(results.frames.compactMap(\.text) == answered)
            #expect(results.frames.contains(.binary([0xFF, 0])))
            let errors = Dictionary(uniqueKeysWithValues: zip(texts, results.errors))
            #expect(errors["throw"] == "DomainException: oops (handler.php:11)")
            #expect(errors["permanent"] == "never")
            #expect(errors["die"] == "the handler ended the process (exit or die): no database")
            #expect(errors["fatal"]?.hasPrefix("Allowed memory size of") == true)
            #expect(errors["undefined"]?.hasPrefix("Error: Call to undefined function no_such_function()") == true)
            #expect(errors["nothing"]?.hasPrefix("JsonException: Malformed UTF-8") == true)
            let attempts = Dictionary(uniqueKeysWithValues: zip(texts, results.attempts))
            #expect(attempts["permanent"] == 1 && attempts["throw"] == 2 && attempts["later"] == 2 && attempts["die"] == 2)
            for words in ["printed by echo", "left open", "before run", "onError: oops", "Undefined array key", "no database"] {
                #expect(results.log.contains(words), "\(words)")
            }
        }
    }

    @Test(
        "connmix.php: an error names argument, place and origin; the log has its entry, and what was printed before a hang",
        .enabled(if: hasPHP, "PHP is not installed"))
    func phpErrors() async throws {
        try await withFolder { folder in
            let handler = folder + "/handler.php"
            try Data(
                """
                <?php
                require '\(example("php/connmix.php"))';
                function load() {
                    try {
                        throw new RuntimeException('refused');
                    } catch (RuntimeException $error) {
                        throw new LogicException('cannot load', 0, $error);
                    }
                }
                $client = \\Connmix\\ClientBuilder::create()->build();
                $client->on(function () {}, function ($node) {
                    $client = $node->message()->clientID();
                    switch ($node->message()->data()['frame']['data']) {
                        case 'channel': $node->meshPublish("room:\\xff", 'x'); break;
                        case 'value': $node->setContextValue($client, 'k', NAN); break;
                        case 'origin': load(); break;
                        case 'wordless': throw new \\Connmix\\PermanentError();
                        case 'user': trigger_error('a user error', E_USER_ERROR);
                        case 'prints': echo 'printed before'; throw new DomainException('oops');
                        case 'hangs': echo 'about to hang'; sleep(60);
                    }
                    $node->meshSend($client, 'end');
                }, fn ($error) => error_log('onError: ' . $error->getMessage()));
                $client->run();
                """.utf8
            ).write(to: URL(fileURLWithPath: handler))
            let texts = ["channel", "value", "origin", "wordless", "user", "prints", "hangs", "end"]
            let results = try await results(of: ["php", handler], texts, frames: 1, options: ["--timeout", "3"])
            let errors = Dictionary(uniqueKeysWithValues: zip(texts, results.errors))
            #expect(errors["channel"] == "JsonException: Malformed UTF-8: the channel of meshPublish (handler.php:14)")
            let value = "JsonException: Inf and NaN cannot be JSON encoded: the value of setContextValue (handler.php:15)"
            #expect(errors["value"] == value)
            let origin = "LogicException: cannot load (handler.php:7) <- RuntimeException: refused (handler.php:5)"
            #expect(errors["origin"] == origin)
            #expect(errors["wordless"] == "Connmix\\PermanentError (handler.php:17)")
            #expect(errors["user"] == "a user error (handler.php:18)")
            #expect(errors["prints"] == "DomainException: oops (handler.php:19)")
            #expect(errors["hangs"] == "php was ended: it gave no answer within 3 s: about to hang")
            let lines = results.log.split(separator: "\n")
            let places = ["printed before", "entry 6: DomainException: oops (handler.php:19)", "onError: oops"].map { words in
                lines.firstIndex { $0.contains(words) } ?? -1
            }
            #expect(places[0] >= 0 && places[0] < places[1] && places[1] < places[2], "\(results.log)")
        }
    }

    @Test(
        "connmix.php: a script that never calls run() says so, one that has no handler does not",
        .enabled(if: hasPHP, "PHP is not installed"), arguments: [true, false])
    func phpWithoutRun(hasHandler: Bool) async throws {
        try await withFolder { folder in
            let script = folder + "/script.php"
            try Data(
                """
                <?php
                require '\(example("php/connmix.php"))';
                $client = \\Connmix\\ClientBuilder::create()->build();
                \(hasHandler ? "$client->on(fn () => null, fn () => null, fn () => null);" : "")
                """.utf8
            ).write(to: URL(fileURLWithPath: script))
            let run = try await Subprocess.run(
                .name("php"), arguments: [script], output: .string(limit: 4_096), error: .string(limit: 4_096))
            #expect(run.standardOutput == "")
            #expect(run.standardError.contains("ended without calling run()") == hasHandler)
        }
    }

    @Test("connmix.php: run(N) ends a process after N messages, and none is lost", .enabled(if: hasPHP, "PHP is not installed"))
    func limit() async throws {
        try await withFolder { folder in
            let handler = folder + "/handler.php"
            try Data(
                """
                <?php
                require '\(example("php/connmix.php"))';
                $client = \\Connmix\\ClientBuilder::create()->build();
                $client->on(function () {}, function ($node) {
                    $node->meshSend($node->message()->clientID(), (string) getmypid());
                }, function () {});
                $client->run(2);
                """.utf8
            ).write(to: URL(fileURLWithPath: handler))
            let results = try await results(of: ["php", handler], ["1", "2", "3", "4", "5"], frames: 5)
            let processes = results.frames.compactMap(\.text)
            #expect(processes.count == 5 && Set(processes).count == 3)
            #expect(processes[0] == processes[1] && processes[2] == processes[3])
            #expect(results.attempts == [1, 1, 1, 1, 1])
        }
    }

    @Test("connmix_worker.py: exceptions, output, exit, bytes")
    func python() async throws {
        try await withFolder { folder in
            let handler = folder + "/handler.py"
            try Data(
                """
                import sys
                sys.path.insert(0, "\(example("python"))")
                from connmix_worker import Permanent, RetryAfter, run

                def handle(message):
                    text = message.text
                    if text == "throw": raise ValueError("oops")
                    if text == "permanent": raise Permanent("never")
                    if text == "later" and message.attempt == 1: raise RetryAfter(0.05, "not now")
                    if text == "print": print("printed by print")
                    if text == "exit": sys.exit("no database")
                    if text == "value": message.set_context_value("k", object())
                    if text == "wordless": raise Permanent()
                    if text == "origin":
                        try: raise KeyError("sku")
                        except KeyError as error: raise ValueError("no order") from error
                    if text == "bytes": return message.send(b"\\xff\\x00")
                    if text == "join":
                        message.subscribe("room:7")
                        return message.publish("room:7", "joined")
                    message.send(f"é😀 {text}")

                run(handle)
                """.utf8
            ).write(to: URL(fileURLWithPath: handler))
            let texts = ["throw", "permanent", "later", "print", "exit", "value", "wordless", "origin", "bytes", "join", "end"]
            let results = try await results(of: ["python3", handler], texts, frames: 5)
            #expect(results.frames.compactMap(\.text) == ["é😀 later", "é😀 print", "joined", "é😀 end"])
            #expect(results.frames.contains(.binary([0xFF, 0])))
            let errors = Dictionary(uniqueKeysWithValues: zip(texts, results.errors))
            #expect(errors["throw"] == "ValueError: oops")
            #expect(errors["permanent"] == "never")
            #expect(errors["exit"] == "the handler ended the process: no database")
            #expect(errors["value"]?.hasPrefix("TypeError: Object of type object is not JSON serializable") == true)
            #expect(errors["value"]?.hasSuffix(": the value of set_context_value") == true)
            #expect(errors["wordless"]?.hasPrefix("Permanent (handler.py:") == true)
            #expect(errors["origin"] == "ValueError: no order <- KeyError: 'sku'")
            #expect(results.log.contains("printed by print"))
            #expect(results.log.contains("entry 1: ValueError: oops (handler.py:"))
        }
    }

    @Test("connmix-worker.mjs: exceptions, output, exit, errors of nobody, bytes", .enabled(if: hasNode, "Node is not installed"))
    func node() async throws {
        try await withFolder { folder in
            let handler = folder + "/handler.mjs"
            try Data(
                """
                import { run, Permanent, RetryAfter } from '\(example("node/connmix-worker.mjs"))'

                run(async (message) => {
                    const text = message.text
                    if (text === 'throw') throw new RangeError('oops')
                    if (text === 'permanent') throw new Permanent('never')
                    if (text === 'later' && message.attempt === 1) throw new RetryAfter(0.05, 'not now')
                    if (text === 'log') console.log('printed by log')
                    if (text === 'exit') process.exit(3)
                    if (text === 'nobody') { Promise.reject(new Error('of nobody')); await new Promise(() => setInterval(() => {}, 1000)) }
                    if (text === 'value') message.setContextValue('k', 1n)
                    if (text === 'wordless') throw new Permanent()
                    if (text === 'origin') throw new Error('no order', { cause: new Error('refused') })
                    if (text === 'bytes') return message.send(new Uint8Array([255, 0]))
                    if (text === 'join') return message.subscribe('room:7').publish('room:7', 'joined')
                    message.send(`é😀 ${text}`)
                })
                """.utf8
            ).write(to: URL(fileURLWithPath: handler))
            let texts = [
                "throw", "permanent", "later", "log", "exit", "nobody", "value", "wordless", "origin", "bytes", "join", "end",
            ]
            let results = try await results(of: ["node", handler], texts, frames: 5)
            #expect(results.frames.compactMap(\.text) == ["é😀 later", "é😀 log", "joined", "é😀 end"])
            #expect(results.frames.contains(.binary([0xFF, 0])))
            let errors = Dictionary(uniqueKeysWithValues: zip(texts, results.errors))
            #expect(errors["throw"] == "RangeError: oops")
            #expect(errors["permanent"] == "never")
            #expect(errors["exit"] == "the handler ended the process")
            #expect(errors["nobody"] == "Error: of nobody")
            #expect(errors["value"]?.hasPrefix("TypeError: ") == true)
            #expect(errors["value"]?.hasSuffix(": the value of setContextValue") == true)
            #expect(errors["wordless"]?.hasPrefix("Permanent (handler.mjs:") == true)
            #expect(errors["origin"] == "Error: no order <- Error: refused")
            #expect(results.log.contains("printed by log"))
            #expect(results.log.contains("entry 1: RangeError: oops (handler.mjs:"))
        }
    }
}
