import FoundationEssentials
import Testing

@testable import ConnmixDurable
@testable import connmix_durable

/// Scripts: keys and what was read go in, reads, actions and lines come out.
@Suite("walking in top")
struct TopWalkTests {
    /// What came from outside and wants to act on the terminal.
    private static let hostile = "\u{1B}]0;owned\u{7}\u{9B}31m\u{202E}\r\n"
    private static let second: Int64 = 1_000_000
    private static let now: Int64 = 1_700_000_060_000_000

    private func cause(_ ledger: Ledger, _ name: String, _ count: Int) -> TopCause {
        TopCause(
            ledger: ledger,
            cause: FailureCause(
                name: name, messages: count, dead: count, attempts: count, firstSeen: Self.now - 60 * Self.second,
                lastSeen: Self.now - 5 * Self.second, example: 17, error: name))
    }

    private var causes: [TopCause] {
        [
            cause(.journal, "order # not found", 12), cause(.journal, "订单 # 不存在" + Self.hostile, 2),
            cause(.outbox, "client gone", 3),
        ]
    }

    private func entry(_ id: Int64) -> JournalRecord {
        JournalRecord(
            id: id, topic: "chat", node: "node-1", client: id == 17 ? "客户" + Self.hostile : "\(id)", clientIsNumber: true,
            state: .dead, attempts: 3, receivedAt: Self.now - 50 * Self.second, availableAt: nil,
            finishedAt: Self.now - 40 * Self.second, lastError: "order \(id) not found" + (id == 17 ? Self.hostile : ""),
            handlerVersion: "v7", replayOf: nil, dedupeKey: nil, lane: nil, data: nil)
    }

    private func payload(_ id: Int64) -> (bytes: [UInt8], size: Int64) {
        let bytes = Array(#"{"frame":{"type":"text","data":"{\"order\":\#(id)}","finish":true}}"#.utf8)
        return (bytes, Int64(bytes.count))
    }

    private var rows: [TopRow] { (6...17).reversed().map { TopRow(entry($0), payload: payload($0)) } }

    private func detail(lines: Int = 1) -> TopDetail {
        let attempts = (1...3).map {
            AttemptRecord(
                attempt: $0, startedAt: Self.now - 45 * Self.second, endedAt: Self.now - 45 * Self.second + 2_000,
                outcome: .failed, error: "order 17 not found")
        }
        let bytes = (0..<lines).flatMap { _ in payload(17).bytes }
        return .entry(
            JournalDetail(entry: entry(17), attempts: attempts, commands: [], replays: []), payload: bytes,
            size: Int64(bytes.count))
    }

    /// With causes on the screen.
    private func makeReady(size: (Int, Int) = (80, 24)) -> TopModel {
        var model = TopModel(interval: Seconds(1), size: size)
        model.answer(.look, .look(StatusSnapshot(status: .quiet(at: Self.now), activity: ActivityReport(), rates: nil), []))
        model.answer(.causes, .causes(causes, isCut: false))
        return model
    }

    /// In the list of the first cause.
    private func makeListed(size: (Int, Int) = (80, 24)) -> TopModel {
        var model = makeReady(size: size)
        #expect(model.pressed(.enter) == .draw)
        model.answer(.rows(causes[0].id), .rows(rows, isCut: false))
        return model
    }

    private func screen(_ model: TopModel) -> [String] { TopScreen.lines(model, hasColour: false) }

    @Test("snapshots of a list, a row, a question and the keys", arguments: [(80, 24), (120, 40)])
    func snapshots(width: Int, height: Int) throws {
        func expect(_ name: String, _ model: TopModel) throws {
            let lines = screen(model)
            #expect(lines.count == height)
            #expect(lines.allSatisfy { $0.displayWidth <= width && !$0.unicodeScalars.contains { $0.actsOnTerminal } })
            try expectSnapshot("top-\(name)-\(width)x\(height)", lines.joined(separator: "\n") + "\n")
        }
        var model = makeListed(size: (width, height))
        _ = model.pressed(.down)
        try expect("list", model)
        _ = model.pressed(.home)
        _ = model.pressed(.enter)
        model.answer(.detail(rows[0].id), .detail(detail()))
        _ = model.pressed(.character("d"))
        try expect("entry", model)
        _ = model.pressed(.character("n"))
        _ = model.pressed(.character("?"))
        try expect("keys", model)
    }

    @Test("down, enter, enter, back, back: what is read on the way")
    func walk() {
        var model = makeReady()
        let later = ContinuousClock.now + .seconds(60)
        #expect(model.pressed(.up) == .draw)
        #expect(model.chosenCause == causes[0])
        #expect(model.pressed(.character("j")) == .draw)
        #expect(model.pressed(.down) == .draw)
        #expect(model.pressed(.down) == .draw)
        #expect(model.chosenCause == causes[2])
        #expect(screen(model).contains { $0.hasPrefix("> ") && $0.contains("client gone") })
        _ = model.pressed(.character("g"))
        _ = model.pressed(.enter)
        #expect(model.read(at: later) == .rows(causes[0].id))
        #expect(screen(model)[3] == "looking ...")
        model.answer(.rows(causes[0].id), .rows(rows, isCut: false))
        // Nothing is read twice, and looking goes on.
        #expect(model.read(at: later) == .look)
        _ = model.pressed(.enter)
        #expect(model.read(at: later) == .detail(rows[0].id))
        model.answer(.detail(rows[0].id), .detail(detail()))
        _ = model.pressed(.escape)
        #expect(model.opened == nil && model.list != nil)
        _ = model.pressed(.left)
        #expect(model.list == nil)
        #expect(model.pressed(.escape) == .draw)
    }

    @Test("what nobody waits for any more is not shown")
    func abandoned() {
        var model = makeReady()
        _ = model.pressed(.enter)
        #expect(model.wants(.rows(causes[0].id)))
        _ = model.pressed(.escape)
        _ = model.pressed(.down)
        _ = model.pressed(.enter)
        #expect(!model.wants(.rows(causes[0].id)))
        model.answer(.rows(causes[0].id), .rows(rows, isCut: false))
        #expect(model.list?.rows == nil)
    }

    @Test("the chosen cause stays chosen while others come before it, and when it goes its place is kept")
    func moving() {
        var model = makeReady()
        _ = model.pressed(.down)
        model.answer(.causes, .causes([cause(.journal, "new", 99)] + causes, isCut: false))
        #expect(model.chosenCause == causes[1])
        model.answer(.causes, .causes([causes[0]], isCut: false))
        #expect(model.chosenCause == causes[0])
        model.answer(.causes, .causes([], isCut: false))
        #expect(model.chosenCause == nil)
        #expect(model.pressed(.character("r")) == .draw)
        #expect(model.note?.text == "nothing is chosen")
    }

    @Test("a whole cause: found, asked for with its number, done, told with the action's number")
    func cause() {
        var model = makeReady()
        _ = model.pressed(.character("r"))
        let order = TopOrder(verb: .retry, target: .cause(causes[0].id))
        #expect(model.read(at: .now) == .selection(order))
        let selection = TopSelection(order: order, ids: Array(1...12), isCut: false)
        model.answer(.selection(order), .selection(selection))
        #expect(screen(model).last == "Retry 12 entries of cause \(causes[0].cause.id)? y/n")
        // Walking and quitting wait for the answer.
        #expect(model.pressed(.down) == .nothing)
        #expect(model.pressed(.enter) == .nothing)
        #expect(model.pressed(.character("y")) == .act(selection))
        model.acted(5)
        #expect(screen(model).last == "5 of 12 entries retried ...  q stops")
        #expect(model.pressed(.character("d")) == .draw)
        #expect(model.note?.text == "one thing after the other: an action is going on")
        var report = OperatorReport(action: 9)
        report.applied = Array(1...11)
        report.skipped = [.init(id: 12, why: .wrongState("done"))]
        model.ended(.success(report))
        #expect(
            model.note?.text == "action 9: 11 of 12 entries retried, 1 left as it is (12: it is done); back with: actions undo 9")
        #expect(model.read(at: .now) == .look)
        #expect(screen(model).last?.hasPrefix("q quit") == true)
    }

    @Test("no, and what is no answer, change nothing")
    func refused() {
        for key in [TopKey.character("n"), .escape, .character("q")] {
            var model = makeListed()
            _ = model.pressed(.character("d"))
            #expect(screen(model).last == "Discard entry 17? y/n")
            #expect(model.pressed(.character("x")) == .nothing)
            #expect(model.pressed(key) == .draw)
            #expect(model.work == .nothing)
            #expect(model.note?.text == "nothing was changed")
        }
    }

    @Test("d cancels in the outbox, and says so where nothing is left; more than may go at once is said")
    func outbox() {
        var model = makeReady()
        _ = model.pressed(.end)
        _ = model.pressed(.character("d"))
        let order = TopOrder(verb: .cancel, target: .cause(causes[2].id))
        #expect(model.work == .selecting(order))
        model.answer(.selection(order), .selection(TopSelection(order: order, ids: [], isCut: false)))
        #expect(model.note?.text == "nothing to cancel: none is left")
        _ = model.pressed(.character("d"))
        model.answer(.selection(order), .selection(TopSelection(order: order, ids: [1, 2], isCut: true)))
        #expect(screen(model).last == "Cancel the oldest 2 commands of cause \(causes[2].cause.id) (there are more)? y/n")
    }

    @Test("a search for what to do can be given up")
    func givenUp() {
        var model = makeReady()
        _ = model.pressed(.character("r"))
        let order = TopOrder(verb: .retry, target: .cause(causes[0].id))
        _ = model.pressed(.escape)
        #expect(!model.wants(.selection(order)))
        model.answer(.selection(order), .selection(TopSelection(order: order, ids: [1], isCut: false)))
        #expect(model.work == .nothing)
    }

    @Test("a row that has gone is left; an action that stopped says how to go on")
    func failures() {
        var model = makeListed()
        _ = model.pressed(.enter)
        model.answer(.detail(rows[0].id), .failed("the journal has no entry 17", isGone: true))
        #expect(model.opened == nil)
        #expect(screen(model).contains { $0 == "the journal has no entry 17" })
        _ = model.pressed(.character("r"))
        _ = model.pressed(.character("y"))
        model.ended(.failure(TopStop(text: "action 3 stopped after 0 of 1 entry; go on with: " + Self.hostile)))
        #expect(screen(model).contains { $0.hasPrefix("action 3 stopped after 0 of 1 entry; go on with: \\u001b") })
    }

    @Test("a long payload is scrolled as far as it goes, and a window made larger shows more of it")
    func scrolling() {
        var model = makeListed()
        _ = model.pressed(.enter)
        model.answer(.detail(rows[0].id), .detail(detail(lines: 60)))
        let first = screen(model)
        _ = model.pressed(.end)
        let offset = model.opened?.offset ?? 0
        #expect(offset > 20)
        _ = model.pressed(.down)
        #expect(model.opened?.offset == offset)
        #expect(screen(model)[2].hasPrefix("ENTRY 17; lines \(offset + 1) to "))
        _ = model.pressed(.home)
        #expect(screen(model) == first)
        _ = model.pressed(.end)
        model.size = (200, 60)
        #expect(screen(model).count == 60)
        #expect(screen(model).contains { $0.contains("last error") })
    }

    @Test("what failed after the look that the clock shows has no age to come")
    func newer() {
        var model = makeReady()
        var newer = cause(.journal, "order # not found", 1).cause
        newer.lastSeen = Self.now + 52_000
        model.answer(.causes, .causes([TopCause(ledger: .journal, cause: newer)], isCut: false))
        #expect(screen(model).contains { $0.contains("1 message     0ms  order # not found") })
    }

    @Test("causes are looked for in a tenth of the time at most")
    func pace() {
        var model = makeReady()
        let start = ContinuousClock.now
        model.answered(.look, .failed("busy", isGone: false), at: start, took: .zero)
        model.answered(.causes, .causes(causes, isCut: true), at: start, took: .seconds(2))
        #expect(model.read(at: start) == nil)
        #expect(model.read(at: start + .seconds(1)) == .look)
        model.answered(.look, .failed("busy", isGone: false), at: start + .seconds(19), took: .zero)
        #expect(model.read(at: start + .milliseconds(19_500)) == nil)
        model.answered(.look, .failed("busy", isGone: false), at: start + .seconds(20), took: .zero)
        #expect(model.read(at: start + .seconds(20)) == .causes)
    }

    @Test("what a row's payload says in a list: the end user's text, a command's text, the beginning of a large one")
    func texts() {
        func command(_ type: OutboxRecord.DataType, _ payload: (bytes: [UInt8], size: Int64)?) -> TopRow {
            TopRow(
                OutboxRecord(
                    id: 1, messageID: nil, kind: "mesh.send", client: "7", channel: nil, function: nil, lane: nil, node: nil,
                    state: .dead, attempts: 1, writes: 1, enqueuedAt: 0, availableAt: nil, expiresAt: nil, settledAt: 0,
                    lastError: nil, code: 401, delivered: nil, failed: nil, type: type, data: nil), payload: payload)
        }
        #expect(TopRow(entry(1), payload: payload(1)).text == #"{"order":1}"#)
        #expect(TopRow(entry(1), payload: nil).text == "")
        #expect(TopRow(entry(1), payload: (Array("{\"frame\"".utf8), 2_500_000)).text == "2.5 MB: {\"frame\"")
        #expect(command(.text, (Array("hello".utf8), 5)).text == "hello")
        #expect(command(.binary, ([1, 255], 2)).text == "2 bytes: 01ff")
    }

    @Test("keys of one byte and of several")
    func decoder() {
        func keys(_ text: String) -> [TopKey] {
            var decoder = KeyDecoder()
            var keys = text.utf8.compactMap { decoder.byte($0) }
            if let last = decoder.pause() { keys.append(last) }
            return keys
        }
        #expect(keys("jq") == [.character("j"), .character("q")])
        #expect(keys("\u{1B}[A\u{1B}OB\u{1B}[5~\u{1B}[6~\u{1B}[H\u{1B}[4~") == [.up, .down, .pageUp, .pageDown, .home, .end])
        #expect(keys("\u{1B}[C\u{1B}[D\r\n\u{1B}OM") == [.right, .left, .enter, .enter, .enter])
        #expect(keys("\u{1B}") == [.escape])
        #expect(keys("\u{1B}\u{1B}[A") == [.escape, .up])
        // What is not known does nothing, whatever it carries.
        #expect(keys("\u{1B}[1;5Rq") == [.character("q")])
        #expect(keys("\u{1B}[" + String(repeating: "1", count: 100) + "q").last != .up)
        #expect(keys("é\u{3}") == [.interrupt])
        #expect(keys("\u{1B}[") == [])
    }
}

extension StatusReport {
    /// No consumer, and nothing to do.
    fileprivate static func quiet(at now: Int64) -> StatusReport {
        var consumer = Consumer(isRunning: false, pid: nil, since: nil, version: "1.0.0", handlerVersion: nil, paused: nil)
        consumer.ended = .init(isInOrder: true, at: now - 720_000_000, pid: 4_711)
        return StatusReport(
            consumer: consumer, topics: [], handler: nil, handlerTrouble: nil, held: nil, centers: [], centerTrouble: nil,
            paused: [], probed: [], nodes: [], waiting: [],
            atRisk: 0, atRiskHigh: 0,
            atRiskUpdatedAt: nil, lossBound: .init(isRunning: false, now: 0, high: 0, limit: 10, survivesPowerCut: true),
            journal: [.dead: 14], outbox: [.dead: 3], oldestEntry: nil, oldestCommand: nil,
            database: .init(path: "orders.sqlite3", bytes: 1, walBytes: 1, schemaVersion: 6, synchronous: "full"), takenAt: now)
    }
}
