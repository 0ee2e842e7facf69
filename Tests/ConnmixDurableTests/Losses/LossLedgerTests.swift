import Testing

@testable import ConnmixDurable

@Suite("the loss ledger")
struct LossLedgerTests {
    private let a = LossRows.Node(id: "a", address: "10.0.0.1:6789")
    private let b = LossRows.Node(id: "b", address: "10.0.0.2:6789")
    private let second: Int64 = 1_000_000

    /// One node, consumed over connection 1 since 1 s; everything is written.
    private func makeConsuming() -> LossLedger {
        var ledger = LossLedger()
        ledger.listed(a, .justListed, now: 0)
        ledger.opened(1, a, now: 500_000)
        ledger.consuming(a, now: second)
        ledger.written(ledger.takeRows(now: second))
        return ledger
    }

    private func origins(_ connection: Int64, _ entries: Int64?...) -> MessageOrigins {
        var origins = MessageOrigins()
        for entry in entries { origins.add(connection, entry: entry) }
        return origins
    }

    @Test("P11: a node is in a gap from its listing until it is popped")
    func listing() {
        var ledger = LossLedger()
        ledger.listed(a, .justListed, now: 0)
        ledger.opened(1, a, now: 500_000)
        var rows = ledger.takeRows(now: 600_000)
        #expect(rows.gaps == [.init(id: 1, node: a, beganAt: 0, began: .justListed)])
        #expect(rows.epochs == [.init(id: 1, connection: 1, node: a, openedAt: 500_000)])
        ledger.written(rows)
        ledger.consuming(a, now: second)
        rows = ledger.takeRows(now: second)
        #expect(rows.gaps == [.init(id: 1, node: a, beganAt: 0, endedAt: second, began: .justListed)])
        #expect(rows.epochs.first?.consumingAt == second)
    }

    @Test("P11: counts are due once a second, ends at once, and where nothing happens nothing is")
    func due() {
        var ledger = makeConsuming()
        #expect(ledger.takeRows(now: 100 * second).isEmpty)
        ledger.received(1, frames: 10, bytes: 200)
        ledger.journaled(origins(1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14))
        var rows = ledger.takeRows(now: 100 * second)
        #expect(rows.epochs.map(\.frames) == [10])
        #expect(rows.epochs.map(\.bytes) == [200])
        #expect(rows.epochs.map(\.firstEntry) == [5])
        #expect(rows.epochs.map(\.lastEntry) == [14])
        ledger.written(rows)
        ledger.received(1, frames: 1, bytes: 20)
        #expect(ledger.takeRows(now: 101 * second - 1).isEmpty)
        ledger.closed(1, reason: "reset", clean: false, now: 101 * second - 1)
        rows = ledger.takeRows(now: 101 * second - 1)
        #expect(rows.epochs.first?.closedAt == 101 * second - 1)
        #expect(rows.epochs.first?.isClean == false)
        #expect(rows.epochs.first?.reason == "reset")
        #expect(rows.gaps.map(\.reason) == ["the connection ended: reset"])
        ledger.written(rows)
        // What was read before the end is committed after it, and counts.
        ledger.journaled(origins(1, 15))
        rows = ledger.takeRows(now: 103 * second)
        #expect(rows.epochs.map(\.lastEntry) == [15])
        ledger.written(rows)
        #expect(ledger.takeRows(now: 200 * second).isEmpty)
    }

    @Test("P11: a failed commit loses no row: all are due again, as they are by then")
    func failure() {
        var ledger = makeConsuming()
        ledger.closed(1, reason: "reset", clean: false, now: 2 * second)
        let lost = ledger.takeRows(now: 2 * second)
        #expect(ledger.takeRows(now: 2 * second).isEmpty)
        ledger.opened(2, a, now: 3 * second)
        ledger.consuming(a, now: 4 * second)
        ledger.putBack()
        let rows = ledger.takeRows(now: 4 * second)
        #expect(rows.epochs.map(\.id) == [1, 2])
        #expect(rows.epochs.first == lost.epochs.first)
        #expect(rows.gaps.map(\.endedAt) == [4 * second])
    }

    @Test("P11: what changes while a commit is under way is due after it")
    func meanwhile() {
        var ledger = makeConsuming()
        ledger.notConsuming(a, .paused(nil), now: 2 * second)
        let rows = ledger.takeRows(now: 2 * second)
        ledger.consuming(a, now: 3 * second)
        ledger.written(rows)
        #expect(ledger.takeRows(now: 3 * second).gaps.map(\.endedAt) == [3 * second])
    }

    @Test("P11: pauses close after one another are one row, with how often and how long")
    func flapping() {
        var ledger = makeConsuming()
        for index in 0..<100 {
            ledger.notConsuming(a, .paused(nil), now: 2 * second + Int64(index) * 10_000)
            ledger.consuming(a, now: 2 * second + Int64(index) * 10_000 + 4_000)
        }
        let rows = ledger.takeRows(now: 10 * second)
        #expect(rows.gaps.count == 1)
        #expect(rows.gaps.first?.times == 100)
        let record = rows.gaps.first.map { ($0.endedAt ?? 0) - $0.beganAt - $0.consumed }
        #expect(record == 400_000)
        ledger.written(rows)
        ledger.notConsuming(a, .refused("refused"), now: 10 * second)
        #expect(ledger.takeRows(now: 10 * second).gaps.map(\.reason) == ["refused"])
    }

    @Test("P11: a node that cannot be reached says so; its first cause stays")
    func unreachable() {
        var ledger = makeConsuming()
        ledger.closed(1, reason: "reset", clean: false, now: 2 * second)
        ledger.unreachable(a, "connection refused")
        ledger.unreachable(a, "connection refused")
        #expect(ledger.takeRows(now: 2 * second).gaps.map(\.reason) == ["the connection ended: reset; then: connection refused"])
    }

    @Test("P11: a node that left the list is no gap; one that restarted is, under its new id")
    func goneAndReplaced() {
        var ledger = makeConsuming()
        ledger.closed(1, reason: "left", clean: true, now: 2 * second)
        ledger.gone(a, now: 2 * second)
        var rows = ledger.takeRows(now: 2 * second)
        #expect(rows.gaps.isEmpty)
        #expect(rows.epochs.map(\.isClean) == [true])
        ledger.written(rows)

        ledger = makeConsuming()
        ledger.closed(1, reason: "reset", clean: false, now: 2 * second)
        ledger.gone(a, now: 3 * second)
        ledger.listed(b, .restarted, now: 3 * second)
        rows = ledger.takeRows(now: 3 * second)
        #expect(rows.gaps.map(\.node) == [a, b])
        #expect(rows.gaps.map(\.endedAt) == [3 * second, nil])
    }

    @Test(
        "P11: a node that left the list while nobody popped it took its queues with it; one that moved or restarted is told of there"
    )
    func leftUnconsumed() {
        let lost = "what its queues held when it stopped"
        for (livesOn, isConsumed) in [(false, false), (true, false), (false, true)] {
            var ledger = makeConsuming()
            if !isConsumed { ledger.closed(1, reason: "reset", clean: false, now: 2 * second) }
            ledger.unreachable(a, "refused")
            ledger.gone(a, livesOn: livesOn, now: 3 * second)
            let gaps = ledger.takeRows(now: 3 * second).gaps
            #expect(gaps.count == (isConsumed ? 0 : 1))
            guard let gap = gaps.first else { continue }
            #expect(gap.endedAt == 3 * second)
            #expect((record(gap).mayBeLost == lost) == !livesOn)
            #expect(
                gap.reason
                    == "the connection ended: reset; then: refused\(livesOn ? "" : "; the node has left the center's list")")
        }
    }

    @Test("P11: a node that restarted or left while no consumer ran is noticed at the next start")
    func meanwhileRestarted() {
        let next = LossRows.Node(id: "next", address: a.address)
        let other = LossRows.Node(id: "other", address: "10.0.0.3:6789")
        var ledger = LossLedger(.init(nodes: [a, b]), now: second)
        for node in [next, other] { ledger.listed(node, .justListed, now: 2 * second) }
        ledger.directoryKnown(now: 3 * second)
        let gaps = ledger.takeRows(now: 3 * second).gaps
        let lost = Dictionary(
            uniqueKeysWithValues: gaps.map { ($0.node, record($0).mayBeLost.hasPrefix("what its queues held")) })
        // The first life's loss is told once, with the next one.
        #expect(lost == [a: false, next: true, b: true, other: false])
        #expect(
            gaps.first { $0.node == next }?.reason
                == "not connected yet: while no consumer was running the node restarted and has a new id")
        // Told once: a third life, in this run, is the cluster's to notice.
        ledger.gone(next, livesOn: true, now: 4 * second)
        ledger.listed(a, .restarted, now: 4 * second)
        #expect(ledger.takeRows(now: 4 * second).gaps.last?.began == .restarted)
    }

    /// As others read it.
    private func record(_ gap: LossRows.Gap) -> GapRecord {
        GapRecord(
            id: gap.id, run: 1, node: gap.node.id, address: gap.node.address, beganAt: gap.beganAt, endedAt: gap.endedAt,
            cause: gap.began.cause, reason: gap.reason, times: gap.times, consumed: gap.consumed)
    }

    @Test("P11: when the consumer stops, every node's gap begins and stays open")
    func stopping() {
        var ledger = makeConsuming()
        ledger.listed(b, .justListed, now: second)
        ledger.stopping()
        ledger.notConsuming(a, .paused(nil), now: 2 * second)
        ledger.closed(1, reason: "left", clean: true, now: 3 * second)
        ledger.ended(now: 4 * second)
        let gaps = ledger.takeRows(now: 4 * second).gaps
        #expect(
            gaps.filter { $0.endedAt == nil }.map(\.node) == [b, a] || gaps.filter { $0.endedAt == nil }.map(\.node) == [a, b])
        #expect(gaps.filter { $0.endedAt == nil }.allSatisfy { $0.began == .away })
        #expect(gaps.first { $0.node == a }?.beganAt == 2 * second)
    }

    @Test("P11: nodes of the run before are in a gap from the start; those that the center does not name any more are gone")
    func inheritance() {
        var ledger = LossLedger(.init(nodes: [a, b], lastEpoch: 7, lastGap: 9), now: second)
        ledger.listed(a, .justListed, now: 2 * second)
        ledger.directoryKnown(now: 3 * second)
        let gaps = ledger.takeRows(now: 3 * second).gaps
        #expect(gaps.map(\.id) == [10, 11])
        #expect(gaps.allSatisfy { $0.beganAt == second })
        #expect(gaps.first { $0.node == a }?.endedAt == nil)
        #expect(gaps.first { $0.node == b }?.endedAt == 3 * second)
        ledger.opened(1, a, now: 4 * second)
        #expect(ledger.takeRows(now: 4 * second).epochs.map(\.id) == [8])
    }

    @Test("P11: while nothing can be written, memory is bounded and no message goes uncounted")
    func bounded() {
        var ledger = makeConsuming()
        for index in 1...10_000 as ClosedRange<Int64> {
            let time = index * 10 * second
            ledger.closed(index, reason: "reset", clean: false, now: time)
            ledger.opened(index + 1, a, now: time + 1)
            ledger.consuming(a, now: time + 2)
            ledger.received(index + 1, frames: 1, bytes: 3)
            ledger.journaled(origins(index + 1, index))
        }
        let rows = ledger.takeRows(now: 1)
        #expect(rows.epochs.count <= LossLedger.capacity + 3)
        #expect(rows.gaps.count <= LossLedger.capacity + 3)
        #expect(rows.epochs.reduce(0) { $0 + $1.frames } == 10_000)
        #expect(rows.gaps.reduce(0) { $0 + $1.times } == 10_000)
        #expect(rows.epochs.compactMap(\.firstEntry).min() == 1)
        #expect(rows.gaps.reduce(0) { $0 + ($1.endedAt ?? 0) - $1.beganAt - $1.consumed } == 20_000)
    }

    @Test("a clock that was set back makes no negative times")
    func clock() {
        var ledger = makeConsuming()
        ledger.closed(1, reason: "reset", clean: false, now: 5 * second)
        ledger.consuming(a, now: 2 * second)
        let rows = ledger.takeRows(now: 2 * second)
        #expect(rows.gaps.map(\.endedAt) == [5 * second])
        ledger.written(rows)
        ledger.opened(2, a, now: 9 * second)
        ledger.closed(2, reason: "reset", clean: false, now: second)
        #expect(ledger.takeRows(now: second).epochs.map(\.closedAt) == [9 * second])
    }
}
