import ConnmixDevEngine
import ConnmixDurable
import Foundation
import Subprocess
import Testing
import TestSupport

@testable import connmix_durable

/// The smallest handler of each language, and the gateway's Lua code.
@Suite("examples in other languages", .timeLimit(.minutes(1)))
struct ChatExamplesTests {
    private static let examples = MarkdownPage.root.appendingPathComponent("Examples")

    static func isInstalled(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    static let handlers = [("php", "php/chat.php"), ("python3", "python/chat.py"), ("node", "node/chat.mjs")]

    @Test("each subscribes, publishes and answers", arguments: handlers.filter { isInstalled($0.0) })
    func chat(program: String, file: String) async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let consume = ["consume", "--topic", "chat", "--center", engine.center, "--database", folder + "/db", "--worker"]
                let outcome = try await Program.run(consume + [program, Self.examples.path + "/" + file]) {
                    let user = try await engine.connectEndUser()
                    var frames = user.frames.makeAsyncIterator()
                    try await user.send("é😀")
                    #expect(await frames.next()?.text == "\(user.id) joined")
                    #expect(await frames.next()?.text == "received: é😀")
                }
                #expect(outcome.code == 0, "\(outcome.errors)")
            }
        }
    }

    @Test("every file of the examples is run by a test")
    func coverage() throws {
        let tests = try MarkdownPage.paths(in: "Tests", ending: ".swift").map { try MarkdownPage.text($0) }.joined()
        for end in [".php", ".py", ".mjs", ".lua"] {
            for path in try MarkdownPage.paths(in: "Examples", ending: end) {
                let name = path.dropFirst("Examples/".count)
                // By its path, or as a module of the folder.
                let isNamed = tests.contains("\(name)\"") || tests.contains("\(name))")
                #expect(isNamed || path == "Examples/python/connmix_worker.py", "\(path)")
            }
        }
    }

    @Test("numbered_frames.py has every number acknowledged, once")
    func numberedFrames() async throws {
        try await withFolder { folder in
            var configuration = DevEngine.Configuration()
            configuration.acknowledgeKey = "ack"
            try await withDevEngine(configuration) { engine in
                let consume = [
                    "consume", "--topic", "chat", "--center", engine.center, "--database", folder + "/db", "--dedupe",
                    "frame.data.user",
                    "frame.data.n", "--acknowledge", "ack", "--acknowledge-value", "frame.data.n", "--echo",
                ]
                let address = engine.nodes[0].chat
                let outcome = try await Program.run(consume) {
                    let words = ["python3", Self.examples.path + "/numbered_frames.py", address, "ann", "20"]
                    let user = try await Subprocess.run(
                        .name(words[0]), arguments: Arguments(Array(words.dropFirst())), output: .string(limit: 4_096))
                    #expect(user.standardOutput.hasPrefix("20 acknowledged, "))
                }
                #expect(outcome.code == 0, "\(outcome.errors)")
                #expect(try Inspector(database: folder + "/db").status().journal[.done] == 20)
            }
        }
    }

    /// Runs the gateway's code with connmix's functions as their documentation has them, in a real Lua.
    @Test("the gateway's code waits for the number of its own frame", .enabled(if: isInstalled("lua5.4"), "Lua is not installed"))
    func gateway() throws {
        let harness = """
            local waits, sent, pushed = {}, {}, {}
            local context = {}
            json = { decode = function(text) return { n = tonumber(text:match('"n":(%d+)')) } end,
                     encode = function(value) return '{"ack":' .. value.ack .. '}' end }
            local conn = { wait_context_value = function(_, key) coroutine.yield(key) end,
                           context = function() return context end,
                           send = function(_, text) table.insert(sent, text) end }
            mix = { websocket = function() return conn end,
                    queue = { push = function(topic, data) table.insert(pushed, topic .. ' ' .. data.frame.data) end } }
            dofile(arg[1])
            local handler = coroutine.create(on_message)
            local function step(...) local ok, key = coroutine.resume(handler, ...); assert(ok, key); return key end
            assert(step({ type = 'text', data = '{"n":17}' }) == 'ack')
            assert(pushed[1] == 'chat {"n":17}' and #pushed == 1 and #sent == 0)
            context.ack = 16                       -- the repeated acknowledgement of the frame before
            assert(step() == 'ack' and #sent == 0)
            context.ack = 17
            step()
            assert(sent[1] == '{"ack":17}' and #sent == 1 and coroutine.status(handler) == 'dead')
            print('well')
            """
        try withTemporary(harness) { path in
            let lua = Process()
            lua.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            lua.arguments = ["lua5.4", path, Self.examples.path + "/lua/acknowledge.lua"]
            let output = Pipe()
            (lua.standardOutput, lua.standardError) = (output, output)
            try lua.run()
            let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            lua.waitUntilExit()
            #expect(words == "well\n")
        }
    }

    private func withTemporary(_ text: String, _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("connmix-\(UUID().uuidString).lua")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try body(file.path)
    }
}
