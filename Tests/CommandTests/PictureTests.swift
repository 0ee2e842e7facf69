import Foundation
import Testing
import TestSupport

@testable import ConnmixDurable
@testable import connmix_durable

/// What the README's pictures show is what the program shows: they are drawn from these snapshots by `docs/pictures/draw`.
@Suite("pictures", .timeLimit(.minutes(1)))
struct PictureTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/pictures")

    @Test("every picture is what its source says")
    func drawn() throws {
        let draw = Process()
        draw.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        draw.arguments = ["python3", Self.folder.path + "/draw", "--check"]
        let output = Pipe()
        (draw.standardOutput, draw.standardError) = (output, output)
        try draw.run()
        let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        draw.waitUntilExit()
        #expect(draw.terminationStatus == 0, "\(words)\nrun docs/pictures/draw")
        #expect(words.contains("4 pictures"))
    }

    // MARK: top

    @Test("top, as the README shows it")
    func top() throws {
        var model = TopModel(interval: Seconds(1), size: (110, 27))
        let start: Int64 = 1_700_000_000_000_000
        for look in 0..<50 {
            // A wave, and a topic whose handlers fail for a while.
            let wave = (1 + Double((look * 7) % 13) / 26) * 640
            let isDown = (22..<34).contains(look)
            let rates = ActivityReport.Rates(
                received: wave, handled: isDown ? wave * 0.45 : wave * (look >= 34 && look < 40 ? 1.4 : 1),
                sent: isDown ? wave * 0.45 : wave * 1.1, failed: isDown ? Double(look % 4) + 1 : 0)
            let status = status(at: start + Int64(look) * 1_000_000)
            model.answer(.look, .look(StatusSnapshot(status: status, activity: ActivityReport(), rates: rates), []))
        }
        model.answer(
            .causes,
            .causes(
                [
                    cause(.journal, "price service: connection refused by #.#.#.#", 58, example: 81_204),
                    cause(.journal, "order # not found", 39, example: 81_190),
                    cause(.journal, "KeyError: 'sku'", 3, example: 80_977),
                    cause(.outbox, "client gone", 1, example: 79_311),
                ], isCut: false))
        let lines = TopScreen.lines(model, hasColour: true)
        try expectSnapshot("picture-top", lines.joined(separator: "\n") + "\n")
    }

    private func status(at time: Int64) -> StatusReport {
        StatusReport(
            consumer: .init(
                isRunning: true, pid: 4_242, since: time - 3 * 86_400_000_000, version: ProgramVersion.text, handlerVersion: nil,
                paused: nil),
            topics: ["chat", "orders"], handler: "--worker php worker.php", handlerTrouble: nil, held: nil, centers: [],
            centerTrouble: nil, paused: [],
            probed: [
                .init(topic: "orders", cause: "price service: connection refused by #.#.#.#", since: time - 60_000_000)
            ],
            nodes: (1...3).map {
                .init(id: "1463786910324359\($0)68", address: "10.0.0.\($0):6789", state: $0 == 3 ? .connecting : .consuming)
            },
            waiting: [], atRisk: 17, atRiskHigh: 212, atRiskUpdatedAt: time,
            lossBound: .init(isRunning: true, now: 17, high: 212, limit: 32_768, survivesPowerCut: true),
            journal: [.pending: 412, .running: 16, .done: 81_334_902, .dead: 100],
            outbox: [.pending: 23, .sent: 93_120_554, .dead: 1], oldestEntry: time - 63_000_000, oldestCommand: time - 400_000,
            database: .init(
                path: "/var/lib/connmix-durable/shop.sqlite3", bytes: 2_147_483_648, walBytes: 4_194_304, schemaVersion: 7,
                synchronous: "full"),
            takenAt: time)
    }

    private func cause(_ ledger: Ledger, _ name: String, _ count: Int, example: Int64) -> TopCause {
        TopCause(
            ledger: ledger,
            cause: FailureCause(
                name: name, messages: count, dead: count, attempts: count, firstSeen: 1_700_000_000_000_000,
                lastSeen: 1_700_000_040_000_000, example: example, error: name))
    }

    // MARK: the night

    @Test("a night's repair, as the README shows it: the real commands and what they print")
    func night() async throws {
        let failing: MessageHandler = { message, context in
            switch message.id {
            case _ where message.text == "end": try context.meshSend(to: message.client, "ended")
            case 20, 50, 80: throw HandlerError.permanent("KeyError: 'sku'")
            default: throw HandlerError.permanent("price service: connection refused by 10.0.0.\(message.id)")
            }
        }
        try await withDatabase(texts: (1...100).map { "order \($0)" }, handler: failing) { path in
            try await withFolder { folder in
                // The mended handler.
                let handler = try script(
                    folder,
                    "import json, sys\nfor line in sys.stdin: print(json.dumps({'id': json.loads(line)['id'], 'ok': True}), flush=True)"
                )
                let consume = [
                    "consume", "--topic", "chat", "--center", "127.0.0.1:1", "--database", path, "--worker", "python3", handler,
                ]
                _ = try await Program.run(consume) {
                    try await eventually("it runs") { try Inspector(database: path).status().consumer.isRunning }
                    var screen = ""
                    func run(_ words: String, _ arguments: [String]) async throws {
                        let outcome = try await Program.run(all: arguments + ["--database", path])
                        #expect(outcome.code == 0, "\(arguments): \(outcome.errors)")
                        screen += (screen.isEmpty ? "" : "\n") + "$ connmix-durable \(words)\n" + shown(outcome.output)
                    }
                    try await run("status", ["status"])
                    try await run("journal causes", ["journal", "causes"])
                    let causes = try await Program.run("journal", "causes", "--json", "--database", path).objects()
                    let ids = causes.compactMap { $0["id"]?.text }
                    try #require(ids.count == 2)
                    try await run(
                        "journal retry --cause \(ids[0]) --yes --reason \"the price service is back\"",
                        ["journal", "retry", "--cause", ids[0], "--yes", "--reason", "the price service is back"])
                    try await run(
                        "journal discard --cause \(ids[1]) --yes --reason \"no sku, told sales\"",
                        ["journal", "discard", "--cause", ids[1], "--yes", "--reason", "no sku, told sales"])
                    try await eventually("97 are handled") { try Inspector(database: path).status().journal[.done] == 98 }
                    try await run("status", ["status"])
                    try expectSnapshot("picture-night", screen)
                }
            }
        }
    }

    /// Without what is another one each time, and without the lines of `status` that the picture has no room for.
    private func shown(_ output: String) -> String {
        var shown: [String] = []
        for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = String(line).replacing(/pid \d+, for \w+, version .*/, with: "pid 4242, for 2h")
                .replacing(/\x20+FIRST +LAST/, with: "  FIRST  LAST")
                .replacing(/\x20+\d+m?s +\d+m?s\x20/, with: "    58m   12m ")
            let isLeftOut = [
                "handler ", "topics ", "center ", "nodes ", "at risk ", "loss bound ", "rates ", "database ", "size ",
            ].contains {
                line.hasPrefix($0)
            }
            if !isLeftOut {
                shown.append(line)
            } else if shown.last != "..." {
                shown.append("...")
            }
        }
        while shown.last?.isEmpty == true { shown.removeLast() }
        return shown.map { $0 + "\n" }.joined()
    }
}
