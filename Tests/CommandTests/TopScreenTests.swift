import FoundationEssentials
import Testing

@testable import ConnmixDurable
@testable import connmix_durable

@Suite("top and status on a terminal")
struct TopScreenTests {
    /// What came from outside and wants to act on the terminal.
    private static let hostile = "\u{1B}]0;owned\u{7}\u{9B}31m\u{202E}\r\n"

    private func model(
        running: Bool = true, nodes: Int = 2, lanes: Int = 2, causes: [TopCause] = Self.causes, size: (Int, Int) = (80, 24)
    ) -> TopModel {
        var model = TopModel(interval: Seconds(1), size: size)
        for look in 0..<50 {
            let rates = ActivityReport.Rates(
                received: Double(look * 20), handled: Double(look % 10 * 100), sent: look < 25 ? 0 : 1_234.5,
                failed: look == 40 ? 3 : 0)
            var status = status(running: running, nodes: nodes)
            status = status.at(status.takenAt + Int64(look - 49) * 1_000_000)
            model.answer(
                .look,
                .look(
                    StatusSnapshot(status: status, activity: activity(lanes), rates: rates),
                    (0..<lanes).map {
                        ParkedLane(
                            lane: $0 == 0 ? "日本語のクライアント" : "client \($0)" + Self.hostile, entry: 4_711,
                            parkedAt: 1_700_000_000_000_000,
                            reason: "no such order 👩‍👩‍👧 \(Self.hostile)")
                    }))
        }
        model.answer(.causes, .causes(causes, isCut: false))
        return model
    }

    private static let causes = [
        cause(.journal, "price service: connection refused by #.#.#.#", 60, example: 99),
        cause(.journal, "订单 # 不存在" + hostile, 40, example: 98), cause(.journal, "KeyError: 'sku'", 3, example: 97),
        cause(.outbox, "client gone", 1, example: 7),
    ]

    private static func cause(_ ledger: Ledger, _ name: String, _ count: Int, example: Int64) -> TopCause {
        TopCause(
            ledger: ledger,
            cause: FailureCause(
                name: name, messages: count, dead: count, attempts: count, firstSeen: 1_700_000_000_000_000,
                lastSeen: 1_700_000_040_000_000, example: example, error: name))
    }

    private func status(running: Bool, nodes: Int) -> StatusReport {
        StatusReport(
            consumer: .init(
                isRunning: running, pid: running ? 4_242 : nil, since: running ? 1_699_990_000_000_000 : nil, version: "1.0.0",
                handlerVersion: nil, paused: nil),
            topics: ["chat"], handler: "--worker php worker.php", handlerTrouble: nil, held: nil, centers: [], centerTrouble: nil,
            paused: [
                .init(
                    topic: "orders" + Self.hostile, holdsIntake: true, since: 1_700_000_000_000_000, actor: "root",
                    reason: "moving")
            ],
            probed: [.init(topic: "mail", cause: "no database" + Self.hostile, since: 1_700_000_000_000_000)],
            nodes: (0..<nodes).map {
                .init(
                    id: $0 == 0 ? "节点一" : "node-\($0)" + Self.hostile, address: "10.0.0.\($0):6789",
                    state: $0 == 1 ? .connecting : .consuming)
            },
            waiting: [], atRisk: 17, atRiskHigh: 900, atRiskUpdatedAt: running ? 1_700_000_060_000_000 : nil,
            lossBound: .init(isRunning: running, now: 17, high: 900, limit: 32_768, survivesPowerCut: true),
            journal: [.pending: 12, .running: 64, .done: 10_000_000, .dead: 103],
            outbox: [.pending: 3, .sent: 9_999_999, .dead: 1], oldestEntry: 1_699_999_997_000_000, oldestCommand: nil,
            database: .init(path: "/var/lib/连接/messages.sqlite3", bytes: 1, walBytes: 1, schemaVersion: 2, synchronous: "full"),
            takenAt: 1_700_000_060_000_000)
    }

    private func activity(_ lanes: Int) -> ActivityReport {
        var report = ActivityReport()
        report.parkedLanes = lanes
        report.deadLastHour = [
            .init(cause: "price service: connection refused by #.#.#.#", count: 60, newestEntry: 99),
            .init(cause: "订单 # 不存在" + Self.hostile, count: 40, newestEntry: 98),
            .init(cause: "KeyError: 'sku'", count: 3, newestEntry: 97),
        ]
        return report
    }

    @Test("snapshots: compact, and with charts", arguments: [(80, 24), (120, 40), (200, 50)])
    func snapshots(width: Int, height: Int) throws {
        let lines = TopScreen.lines(model(size: (width, height)), hasColour: false)
        #expect(lines.count == height)
        try expectSnapshot("top-\(width)x\(height)", lines.joined(separator: "\n") + "\n")
    }

    @Test("colours change nothing but colours")
    func colours() {
        let plain = TopScreen.lines(model(), hasColour: false)
        let coloured = TopScreen.lines(model(), hasColour: true)
        #expect(coloured != plain)
        let stripped = coloured.map { $0.replacing(/\u{1B}\[\d+m/, with: "") }
        #expect(stripped == plain)
        #expect(plain.allSatisfy { !$0.contains("\u{1B}") })
    }

    @Test("P12: whatever the size, no line is too wide, nothing acts on the terminal, and the keys stay in sight")
    func sizes() {
        for (width, height) in [(80, 24), (81, 25), (100, 30), (133, 43), (300, 100)] {
            let size = (width, height)
            for model in [
                model(size: size), model(running: false, nodes: 0, lanes: 0, causes: [], size: size),
                model(
                    nodes: 60, lanes: 40, causes: (0..<90).map { Self.cause(.journal, "\($0)" + Self.hostile, 7, example: 1) },
                    size: size),
            ] {
                let lines = TopScreen.lines(model, hasColour: false)
                #expect(lines.count == height)
                #expect(lines.allSatisfy { $0.displayWidth <= width })
                #expect(lines.last?.hasPrefix("q quit") == true)
                #expect(lines.allSatisfy { !$0.unicodeScalars.contains { $0.actsOnTerminal } })
            }
        }
    }

    @Test("a terminal that is too small is told so")
    func small() {
        let lines = TopScreen.lines(model(size: (79, 24)), hasColour: false)
        #expect(lines == ["top needs 80 columns and 24 lines;", "here are 79 and 24. q quits"])
        #expect(TopScreen.lines(model(size: (5, 2)), hasColour: false)[0].displayWidth <= 5)
    }

    @Test("space, quitting, and a look that fails")
    func keys() {
        var model = model()
        #expect(model.pressed(.character("x")) == .nothing)
        #expect(model.pressed(.character(" ")) == .draw)
        #expect(model.isPaused)
        #expect(model.read(at: .now + .seconds(100)) == nil)
        #expect(TopScreen.lines(model, hasColour: false).last?.contains("paused") == true)
        #expect(model.pressed(.character("q")) == .quit)
        #expect(model.pressed(.interrupt) == .interrupt)
        model.answer(.look, .failed("the disk: \u{1B}[31m", isGone: false))
        #expect(TopScreen.lines(model, hasColour: false)[1] == "cannot look: the disk: \\u001b[31m")
    }

    @Test("a large screen has charts with their scales")
    func charts() {
        let lines = TopScreen.lines(model(size: (120, 40)), hasColour: false)
        #expect(lines.contains { $0.contains("received    980/s  scale 0 to 980/s, over 49s") })
        #expect(Chart.lines([0, 1, 4, 8], width: 5, height: 2) == ["    █", " ▁▂██"])
        #expect(Chart.lines([0, 4, 8], width: 2, height: 2, hasUnicode: false) == [" #", "##"])
        #expect(Chart.lines([], width: 2, height: 1) == ["  "])
    }

    @Test("sparklines")
    func sparklines() {
        #expect(Sparkline.text([0, 1, 50, 100], width: 6) == "  ▁▂▅█")
        #expect(Sparkline.text([1, 2, 3], width: 2) == "▆█")
        #expect(Sparkline.text([0, 0], width: 2) == "▁▁")
        #expect(Sparkline.text([], width: 3) == "   ")
        #expect(Sparkline.text([0, 1, 50, 100], width: 6, hasUnicode: false) == "  _.=#")
    }

    @Test("status has rates, parked lanes and what died by cause")
    func status() throws {
        let snapshot = StatusSnapshot(
            status: status(running: true, nodes: 2), activity: activity(2),
            rates: .init(received: 1_234, handled: 0.25, sent: 99_999, failed: 0))
        try expectSnapshot("status-80", StatusScreen.text(snapshot, Terminal(width: 80, hasColour: false)))
    }

    @Test("rates between two looks: deleted rows and open ones do not confuse them")
    func rates() throws {
        var first = ActivityReport()
        (first.entries, first.openEntries, first.commands, first.openCommands, first.takenAt) = (100, 10, 50, 5, 1_000_000)
        var second = first
        (second.entries, second.openEntries, second.commands, second.openCommands) = (160, 30, 80, 5)
        (second.unsentCommands, second.failedSinceLast, second.takenAt) = (10, 4, 3_000_000)
        #expect(second.rates(since: first) == .init(received: 30, handled: 20, sent: 10, failed: 2))
        #expect(first.rates(since: first) == nil)
    }

    @Test("errors that differ in their numbers are one cause")
    func causes() async throws {
        let handler: MessageHandler = { message, context in
            if message.text == "end" { return try context.meshSend(to: message.client, "ended") }
            throw HandlerError.permanent("order \(message.id * 1_000) not found")
        }
        try await withDatabase(texts: (1...9).map { "\($0)" }, handler: handler) { path in
            let status = try #require(try await Program.run("status", "--json", "--database", path).objects().first)
            let causes = try #require(status["dead_last_hour"]?.array)
            #expect(causes.count == 1)
            #expect(causes.first?.object?["count"] == .number(9))
            #expect(causes.first?.object?["cause"] == .text("order # not found"))
            #expect(status["lanes_parked"] == .number(0))
            #expect(status["rates"] == .null)
            #expect(status["last_minute"]?.object?["received"] == .number(10))
            #expect(status["last_minute"]?.object?["failed"] == .number(9))
        }
    }

    @Test("status --watch --json streams until it is ended; elsewhere --watch and top need a terminal")
    func watch() async throws {
        try await withDatabase(texts: [], handler: answerEnd) { path in
            let watch = ["status", "--watch", "--json", "--interval", "0.1", "--database", path]
            let code = try await Program.run(following: watch) { lines in
                let looks = [try await lines.next(), try await lines.next()]
                #expect(looks[0]?.contains(#""rates":null"#) == true)
                #expect(looks[1]?.contains(#""rates":{"received":0"#) == true)
            }
            #expect(code == 130)
            for arguments in [
                ["status", "--watch"], ["status", "--interval", "1"], ["status", "--watch", "--json", "--interval", "0"], ["top"],
                ["top", "--interval", "0.01"],
            ] {
                let refused = try await Program.run(all: arguments + ["--database", path])
                #expect(refused.code == 64, "\(arguments)")
                #expect(refused.errorLines.count == 1 && refused.output.isEmpty)
            }
            let gone = try await Program.run("status", "--watch", "--json", "--database", path + ".none")
            #expect(gone.code == 66)
        }
    }

    @Test("with a locale that is not UTF-8 only what came from outside is more than ASCII")
    func ascii() {
        let running = TopScreen.lines(model(), hasColour: false, hasUnicode: false)
        #expect(running[0].contains("running, pid 4242"))
        #expect(!running.joined().contains { "●○▁▂▃▄▅▆▇█".contains($0) })
    }
}

extension TopModel {
    /// As if it had been read just now.
    mutating func answer(_ read: TopRead, _ answer: TopAnswer) {
        answered(read, answer, at: .now, took: .milliseconds(1))
    }
}

extension StatusReport {
    fileprivate func at(_ time: Int64) -> StatusReport {
        StatusReport(
            consumer: consumer, topics: topics, handler: handler, handlerTrouble: handlerTrouble, held: nil, centers: [],
            centerTrouble: nil, paused: paused, probed: probed,
            nodes: nodes, waiting: waiting,
            atRisk: atRisk, atRiskHigh: atRiskHigh, atRiskUpdatedAt: atRiskUpdatedAt, lossBound: lossBound, journal: journal,
            outbox: outbox, oldestEntry: oldestEntry, oldestCommand: oldestCommand, database: database, takenAt: time)
    }
}
