import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("order and readiness")
struct OrderedRowsTests {
    private let a = OrderKey.lane("a")
    private let b = OrderKey.lane("b")

    @Test("the first rows of a key are at its head, as many as its depth; the next one follows whoever leaves")
    func depth() {
        var queues = KeyQueues(depth: 2)
        let entered = [1, 2, 3, 4].map { queues.enterLast($0, a, bytes: 10) }
        #expect(entered == [true, true, false, false])
        #expect(queues.rows(of: a) == [1, 2, 3, 4])
        #expect(queues.load(of: a) == .init(rows: 4, bytes: 40))
        #expect(queues.predecessors(of: 2, OrderKeys(a)) == [1])
        let next = [queues.leave(3, a, bytes: 10), queues.leave(1, a, bytes: 10), queues.leave(2, a, bytes: 10)]
        #expect(next == [nil, 4, nil])
        #expect(queues.load(of: a) == .init(rows: 1, bytes: 10))
        #expect(queues.leave(4, a, bytes: 10) == nil)
        #expect(queues.load(of: a) == nil)
    }

    @Test("a row that comes back takes its old place, but behind what is out; the last one of the head gives way")
    func comesBack() {
        var queues = KeyQueues(depth: 1)
        func enterAgain(_ id: Int64, out: Set<Int64> = []) -> KeyQueues.Entry {
            let place = queues.place(of: id, a) { out.contains($0) }
            return queues.enterAgain(id, a, at: place, bytes: 1)
        }
        for id in [5, 8] as [Int64] { _ = queues.enterLast(id, a, bytes: 1) }
        #expect(queues.enterLast(6, a, bytes: 1) == nil)
        let six = enterAgain(6)
        #expect(!six.isAtHead && six.displaced == nil)
        let three = enterAgain(3, out: [5])
        #expect(!three.isAtHead && three.displaced == nil)
        #expect(queues.rows(of: a) == [5, 3, 6, 8])
        #expect(queues.isPassed(5, a) && !queues.isPassed(6, a))
        let two = enterAgain(2, out: [5])
        #expect(!two.isAtHead)
        #expect(queues.rows(of: a) == [5, 2, 3, 6, 8])
        _ = queues.leave(5, a, bytes: 1)
        let one = enterAgain(1)
        #expect(one.isAtHead && one.displaced == 2)
    }

    /// The simulation's seed 20: 4034 (lane a, client 8) came back behind 4093 (lane b), which waited in its lane for 4084 (client 1),
    /// and that one for 4042 of lane a.
    @Test("P2: rows of two keys that come back wait for nothing that waits for them")
    func circle() {
        var rows = OrderedRows<Int>(depth: 1)
        let (one, eight) = (OrderKey.client("1"), OrderKey.client("8"))
        func add(_ id: Int64, _ lane: OrderKey, _ client: OrderKey) {
            rows.insert(id, keys: OrderKeys(lane, client), bytes: 1) { 0 }
            rows.confirm(id)
        }
        add(40, .lane("c"), one)
        #expect(rows.nextReady()?.id == 40)
        add(84, b, one)
        add(93, b, eight)
        add(34, a, eight)
        add(42, a, one)
        var order: [Int64] = [40]
        while order.count < 9, rows.remove(order[order.count - 1]) != nil, let next = rows.nextReady() { order.append(next.id) }
        #expect(order == [40, 34, 42, 84, 93])
    }

    @Test("P2: whatever comes, leaves, comes back and is held, something can always go on", arguments: [1, 3])
    func neverStuck(depth: Int) {
        var dice = SeededGenerator(seed: UInt64(depth))
        for _ in 0..<300 {
            var rows = OrderedRows<Int>(depth: depth)
            let all = (1...20).map { id in
                let (lane, client) = (Int.random(in: 0..<3, using: &dice), Int.random(in: 0..<3, using: &dice))
                return (id: Int64(id), keys: OrderKeys(.lane("\(lane)"), .client("\(client)")))
            }
            var (away, working): ([Int64], Set<Int64>) = (all.map(\.id).shuffled(using: &dice), [])
            func comeBack(_ count: Int) {
                for id in away.prefix(count) {
                    rows.insert(id, keys: all[Int(id) - 1].keys, bytes: 1) { 0 }
                    rows.confirm(id)
                }
                away.removeFirst(min(count, away.count))
            }
            var (left, held): (Int, [Int64]) = (all.count, [])
            while left > 0 {
                comeBack(Int.random(in: 0...3, using: &dice))
                for id in held { rows.makeReady(id) }
                held = []
                while let (id, _) = rows.nextReady() {
                    // As the relay does it: behind an earlier one that is not at work it waits.
                    if rows.predecessors(of: id).contains(where: { !working.contains($0) }) {
                        rows.hold(id)
                        held.append(id)
                    } else {
                        working.insert(id)
                    }
                }
                guard let id = working.sorted().randomElement(using: &dice) else {
                    guard !away.isEmpty else { break }
                    comeBack(1)
                    continue
                }
                working.remove(id)
                switch Int.random(in: 0..<4, using: &dice) {
                case 0:
                    rows.hold(id)
                    rows.makeReady(id)
                case 1:
                    _ = rows.remove(id)
                    away.append(id)
                default:
                    _ = rows.remove(id)
                    left -= 1
                }
            }
            #expect(left == 0, "\(rows.ids) stand still")
        }
    }

    /// A lane stood aside, a later row of another one went to the same client meanwhile, and then the lane came back.
    @Test("P5: rows that come back behind a later one at work keep their order, and none waits for ever")
    func comeBackBehindALaterOne() {
        var rows = OrderedRows<Int>(depth: 1)
        let client = OrderKey.client("7")
        func add(_ id: Int64, _ lane: OrderKey) {
            rows.insert(id, keys: OrderKeys(lane, client), bytes: 1) { 0 }
            rows.confirm(id)
        }
        add(41, b)
        #expect(rows.nextReady()?.id == 41)
        add(57, b)
        for id in [13, 14, 15] as [Int64] { add(id, a) }
        #expect(rows.ids(of: client) == [41, 13, 14, 15, 57])
        #expect(rows.nextReady() == nil)
        var order: [Int64] = [41]
        while order.count < 10, rows.remove(order[order.count - 1]) != nil, let next = rows.nextReady() { order.append(next.id) }
        #expect(order == [41, 13, 14, 15, 57])
    }

    @Test("P1: a row is ready when it is confirmed and at the heads of all its keys, and comes out once")
    func ready() {
        var rows = OrderedRows<String>(depth: 1)
        rows.insert(1, keys: OrderKeys(a), bytes: 5) { "1" }
        rows.insert(2, keys: OrderKeys(b, a), bytes: 7) { "2" }
        #expect(rows.load == .init(rows: 2, bytes: 12))
        rows.confirm(2)
        rows.confirm(2)
        #expect(rows.nextReady() == nil)
        let left = rows.remove(1)
        #expect(left?.item == "1" && left?.bytes == 5)
        #expect(rows.nextReady()?.item == "2")
        #expect(rows.nextReady() == nil)
        rows.makeReady(2)
        rows.makeReady(2)
        #expect(rows.nextReady()?.id == 2)
        #expect(rows.nextReady() == nil)
        #expect(rows.remove(1)?.bytes == nil)
    }

    @Test("a row that stood aside is the next one of the key it comes back to")
    func aside() {
        var rows = OrderedRows<Int>(depth: 1)
        for id in 1...3 as ClosedRange<Int64> {
            rows.insert(id, keys: OrderKeys(a, id == 1 ? b : nil), bytes: 1) { 0 }
            rows.confirm(id)
        }
        #expect(rows.nextReady()?.id == 1)
        let keys = rows.standAside(1)
        #expect(keys?.first == a && keys?.second == b)
        #expect(rows.load(of: b) == nil)
        #expect(rows.nextReady()?.id == 2)
        let isNow = rows.takeTurn(1, a)
        #expect(!isNow)
        #expect(rows.ids(of: a) == [2, 1, 3])
        let isAlready = rows.takeTurn(1, a)
        #expect(isAlready, "it is in order already")
        #expect(rows.ids(of: a) == [2, 1, 3])
        #expect(rows.nextReady() == nil)
        _ = rows.remove(2)
        #expect(rows.nextReady()?.id == 1)
        #expect(rows.nextReady() == nil)
        _ = rows.remove(1)
        #expect(rows.nextReady()?.id == 3)
    }

    @Test("bounds: a key has room again at half, a quota has less where all of them have half of the window")
    func bounds() {
        let bounds = WindowBounds(rows: 640, bytes: 6_400, rowsOfKey: 20)
        func load(_ rows: Int, _ bytes: Int = 0) -> WindowBounds.Load { .init(rows: rows, bytes: bytes) }
        #expect([19, 20].map { bounds.isFull(key: load($0)) } == [false, true])
        #expect([799, 800].map { bounds.isFull(key: load(1, $0)) } == [false, true])
        #expect([10, 11].map { bounds.hasRoomAgain(key: load($0)) } == [true, false])
        #expect([400, 401].map { bounds.hasRoomAgain(key: load(1, $0)) } == [true, false])
        #expect([639, 640].map { bounds.hasRoom(beside: load($0)) } == [true, false])
        #expect([6_399, 6_400].map { bounds.hasRoom(beside: load(1, $0)) } == [true, false])
        #expect([479, 480].map { bounds.roomForPass(beside: load($0)) } == [161, nil])
        #expect([4_800, 4_801].map { bounds.roomForPass(beside: load(1, $0)) } == [639, nil])
        var quotas = Quotas()
        for _ in 0..<79 { quotas.took(a, bytes: 1) }
        #expect(!quotas.isFull(a, in: bounds))
        quotas.took(a, bytes: 1)
        #expect(quotas.isFull(a, in: bounds) && !quotas.isFull(b, in: bounds))
        for number in 0..<240 { quotas.took(.node("\(number)"), bytes: 1) }
        for _ in 0..<10 { quotas.took(b, bytes: 1) }
        #expect(quotas.isFull(b, in: bounds), "ten are all that it has now")
        #expect(quotas.hasRoomAgain(a, in: bounds) == false)
        for _ in 0..<75 { quotas.gave(a, bytes: 1) }
        #expect(quotas.hasRoomAgain(a, in: bounds) == true)
        #expect(!quotas.isFull(b, in: bounds))
        for _ in 0..<5 { quotas.gave(a, bytes: 1) }
        #expect(quotas.hasRoomAgain(a, in: bounds) == nil)
    }
}
