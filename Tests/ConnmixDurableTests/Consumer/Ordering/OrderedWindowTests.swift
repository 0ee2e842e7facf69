import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("the ordered window")
struct OrderedWindowTests {
    private func key(_ name: String) -> OrderKeys { OrderKeys(.lane(name)) }

    private func makeEmpty(capacity: Int = 100, keyCapacity: Int = 10) -> OrderedWindow<String> {
        var window = OrderedWindow<String>(capacity: capacity, keyCapacity: keyCapacity)
        window.passEnded()
        return window
    }

    @Test("P1: a row is ready when it is confirmed and the oldest of its keys")
    func order() {
        var window = makeEmpty()
        #expect(window.append(1, keys: key("a"), "1") == .taken)
        #expect(window.append(2, keys: key("a"), "2") == .taken)
        #expect(window.append(3, keys: key("b"), "3") == .taken)
        #expect(window.nextReady() == nil)
        window.confirm(2)
        window.confirm(3)
        #expect(window.nextReady()?.id == 3)
        #expect(window.nextReady() == nil)
        window.confirm(1)
        #expect(window.nextReady()?.id == 1)
        #expect(window.nextReady() == nil)
        window.remove(1)
        #expect(window.nextReady()?.id == 2)
    }

    @Test("P5: a row of two keys waits for both, and both wait for it")
    func twoKeys() {
        var window = makeEmpty()
        _ = window.append(1, keys: key("a"), "")
        _ = window.append(2, keys: key("b"), "")
        _ = window.append(3, keys: OrderKeys(.lane("a"), .lane("b")), "")
        _ = window.append(4, keys: key("b"), "")
        for id in 1...4 { window.confirm(Int64(id)) }
        #expect(window.nextReady()?.id == 1)
        #expect(window.nextReady()?.id == 2)
        #expect(window.nextReady() == nil)
        window.remove(2)
        #expect(window.nextReady() == nil)
        window.remove(1)
        #expect(window.nextReady()?.id == 3)
        #expect(window.nextReady() == nil)
        window.remove(3)
        #expect(window.nextReady()?.id == 4)
    }

    @Test("P7: bytes bound the window, a key and a quota as rows do; a single row may be larger")
    func bytes() {
        var window = OrderedWindow<String>(capacity: 100, keyCapacity: 10, byteCapacity: 8_000)
        window.passEnded()
        #expect(window.append(1, keys: key("a"), bytes: 20_000, "") == .taken)
        window.confirm(1)
        #expect(window.append(2, keys: key("b"), bytes: 1, "") == .leftInFile)
        #expect(window.nextPass(limit: 10) == nil)
        window.remove(1)
        #expect(window.bytes == 0)
        #expect(window.nextPass(limit: 10)?.after == 1)
        // A key holds an eighth: its next row waits in the file, and others go on.
        #expect(window.load(2, keys: key("b"), bytes: 1_000, "") == .taken)
        #expect(window.load(3, keys: key("b"), bytes: 1, "") == .leftInFile)
        #expect(window.load(4, keys: key("c"), bytes: 1, "") == .taken)
        // A quota holds a quarter.
        #expect(window.load(5, keys: OrderKeys(.client("d"), quota: .node("n")), bytes: 2_000, "") == .taken)
        #expect(window.load(6, keys: OrderKeys(.client("e"), quota: .node("n")), bytes: 1, "") == .leftInFile)
        #expect(window.load(7, keys: OrderKeys(.client("f"), quota: .node("m")), bytes: 1, "") == .taken)
        window.passEnded()
        window.remove(2)
        #expect(window.nextPass(limit: 10)?.after == 2)
        #expect(window.load(3, keys: key("b"), bytes: 1, "") == .taken)
    }

    @Test("a row made ready twice comes out once")
    func once() {
        var window = makeEmpty()
        _ = window.append(1, keys: key("a"), "")
        window.confirm(1)
        window.makeReady(1)
        #expect(window.nextReady()?.id == 1)
        #expect(window.nextReady() == nil)
        window.makeReady(1)
        #expect(window.nextReady()?.id == 1)
    }

    @Test("what was rolled back is gone, and looked for again")
    func withdraw() {
        var window = makeEmpty()
        _ = window.append(1, keys: key("a"), "")
        window.confirm(1)
        _ = window.append(2, keys: key("a"), "")
        _ = window.append(3, keys: key("b"), "")
        window.withdraw(3)
        window.withdraw(2)
        #expect(window.count == 1)
        #expect(window.isBehind)
        #expect(window.nextPass(limit: 10)?.after == 1)
        window.passEnded()
        #expect(window.append(2, keys: key("a"), "again") == .taken)
    }

    @Test("P5: rows that only wait for another key's room make no pass by themselves")
    func noEmptyPasses() {
        var window = OrderedWindow<Int>(capacity: 400, keyCapacity: 50)
        for id in 1...100 {
            _ = window.load(Int64(id), keys: OrderKeys(.lane("l\(id)"), .channel("c")), 0)
            window.confirm(Int64(id))
        }
        window.passEnded()
        #expect(window.count == 50)
        let wantsAtOnce = window.wantsPass()
        #expect(!wantsAtOnce)
        for id in 1...24 { window.remove(Int64(id)) }
        let wantsTooEarly = window.wantsPass()
        #expect(!wantsTooEarly)
        window.remove(25)
        #expect(window.nextPass(limit: 100)?.after == 50)
    }

    @Test("P5: after a rollback no row is jumped over by a pass that ends early")
    func rollbackDuringRepass() {
        var window = OrderedWindow<Int>(capacity: 8, keyCapacity: 2)
        for id in 1...6 { _ = window.load(Int64(id), keys: key("k"), 0) }
        window.passEnded()
        window.confirm(1)
        window.confirm(2)
        #expect(window.append(7, keys: key("j"), 0) == .taken)
        window.withdraw(7)
        window.lookAgain(above: 0)
        window.remove(1)
        window.remove(2)
        #expect(window.append(7, keys: key("j"), 0) == .leftInFile)
        var loaded: [Int64] = []
        for _ in 0..<10 {
            guard let pass = window.nextPass(limit: 100) else { break }
            var isFull = false
            for id in 3...7 where Int64(id) > pass.after && !isFull {
                switch window.load(Int64(id), keys: key(id == 7 ? "j" : "k"), 0) {
                case .taken: loaded.append(Int64(id))
                case .full: isFull = true
                case .known, .leftInFile: break
                }
            }
            if !isFull { window.passEnded() }
        }
        #expect(loaded == [3, 4, 7])
    }

    @Test("a deep key does not keep the others from being loaded, and is not read again and again")
    func deepKey() {
        var window = OrderedWindow<Int>(capacity: 64, keyCapacity: 8)
        let total = 20_000
        var open = Set((1...total).map(Int64.init))
        func keys(_ id: Int64) -> OrderKeys { OrderKeys(.lane(id == Int64(total) ? "other" : "deep")) }
        var read = 0
        var handled: [Int64] = []
        while handled.count < total, read < total * 40 {
            if let pass = window.nextPass(limit: 100) {
                var scanned = 0
                var id = pass.after + 1
                var isFull = false
                while id <= Int64(total), scanned < pass.limit, !isFull {
                    if open.contains(id) {
                        scanned += 1
                        read += 1
                        switch window.load(id, keys: keys(id), 0) {
                        case .taken: window.confirm(id)
                        case .full: isFull = true
                        case .leftInFile, .known: break
                        }
                    }
                    id += 1
                }
                if scanned < pass.limit, !isFull { window.passEnded() }
            }
            if let (id, _) = window.nextReady() {
                handled.append(id)
                open.remove(id)
                window.remove(id)
            }
        }
        #expect(handled.count == total)
        #expect(read < total * 10, "\(read) rows were read for \(total)")
        #expect((handled.firstIndex(of: Int64(total)) ?? total) < total / 2)
        #expect(handled.filter { $0 != Int64(total) } == (1..<total).map(Int64.init))
    }

    @Test("P5: a key that rests takes nobody in, its rows leave, and those at work keep their places")
    func rest() {
        var window = makeEmpty()
        for id in 1...4 as ClosedRange<Int64> {
            _ = window.append(id, keys: key(id == 4 ? "b" : "a"), "\(id)")
            window.confirm(id)
        }
        #expect(window.nextReady()?.id == 1)
        let left = window.rest(.lane("a"), from: 1, until: 10, except: { $0 == 1 })
        #expect(left.map(\.id) == [2, 3])
        #expect(left.map(\.item) == ["2", "3"])
        #expect(window.append(5, keys: key("a"), "") == .leftInFile)
        #expect(window.nextReady()?.id == 4)
        window.remove(1)
        window.remove(4)
        #expect(window.isAtRest && window.hasKeysToWake)
        window.tick(now: 9)
        #expect(window.nextPass(limit: 10) == nil)
        window.tick(now: 10)
        #expect(window.nextPass(limit: 10)?.after == 0)
        #expect(window.load(2, keys: key("a"), "2") == .taken)
        #expect(!window.isAtRest && !window.hasKeysToWake)
    }

    @Test("P5: a row of two keys that leaves with one takes along what came after it under the other")
    func restOfTwoKeys() {
        var window = makeEmpty()
        _ = window.append(1, keys: OrderKeys(.lane("a"), .channel("c")), "")
        _ = window.append(2, keys: OrderKeys(.lane("b"), .channel("c")), "")
        _ = window.append(3, keys: key("b"), "")
        _ = window.append(4, keys: key("d"), "")
        #expect(window.rest(.lane("a")).map(\.id) == [1, 2, 3])
        #expect(window.count == 1)
        window.wake(.lane("a"))
        #expect(window.nextPass(limit: 10)?.after == 0)
    }

    @Test("P5: a row that stands aside lets the later ones pass, and takes its turn behind the one at work")
    func standAside() {
        var window = makeEmpty()
        for id in 1...3 as ClosedRange<Int64> {
            _ = window.append(id, keys: key("a"), "")
            window.confirm(id)
        }
        #expect(window.nextReady()?.id == 1)
        window.standAside(1)
        #expect(window.count == 3)
        #expect(window.nextReady()?.id == 2)
        let isNow = window.takeTurn(1, lane: .lane("a"))
        #expect(!isNow)
        #expect(window.nextReady() == nil)
        window.remove(2)
        #expect(window.nextReady()?.id == 1)
        window.remove(1)
        #expect(window.nextReady()?.id == 3)
    }

    @Test("P5: a lane that stands aside leaves with its rows and nobody else's, and gives up their places at channels")
    func laneAside() {
        var window = makeEmpty()
        _ = window.append(1, keys: OrderKeys(.lane("a"), .channel("c")), "")
        _ = window.append(2, keys: OrderKeys(.lane("b"), .channel("c")), "")
        _ = window.append(3, keys: OrderKeys(.lane("b"), .client("a")), "")
        _ = window.append(4, keys: key("a"), "")
        for id in 1...4 { window.confirm(Int64(id)) }
        let left = window.standAside(lane: .lane("a"), from: 1, except: { $0 == 4 })
        #expect(left == [1], "a client's rows are in the lane of its name only where that is their own")
        #expect(window.nextReady()?.id == 2)
        #expect(window.append(5, keys: OrderKeys(.channel("c")), "") == .taken)
    }

    /// The file is a list of rows; the window sees appends, passes, finishes and rollbacks in random order.
    @Test("P2, P5: whatever happens, every row comes out once and in the order of its keys", arguments: 0..<40)
    func model(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var window = OrderedWindow<Int>(capacity: 16, keyCapacity: 4)
        var rows: [(id: Int64, keys: [String])] = []
        var open: Set<Int64> = []
        var out: Set<Int64> = []
        var order: [String: [Int64]] = [:]
        /// Until when; `nil` until somebody acts.
        var resting: [String: Int64?] = [:]
        var clock: Int64 = 0
        var nextID: Int64 = 1
        let total = 400

        func keys(_ names: [String]) -> OrderKeys {
            OrderKeys(names.first.map { .lane($0) }, names.count > 1 ? .lane(names[1]) : nil)
        }
        func wake(_ name: String, until time: Int64?) {
            guard let time else {
                resting[name] = nil
                return window.wake(.lane(name))
            }
            clock = max(clock, time)
            window.tick(now: clock)
            for (name, time) in resting { if let time, time <= clock { resting[name] = nil } }
        }
        func pass() {
            guard let pass = window.nextPass(limit: Int.random(in: 1...8, using: &random)) else { return }
            var taken: [Int64] = []
            var scanned = 0
            var isFull = false
            for row in rows where row.id > pass.after && open.contains(row.id) {
                guard scanned < pass.limit else { break }
                scanned += 1
                switch window.load(row.id, keys: keys(row.keys), 0) {
                case .taken: taken.append(row.id)
                case .known, .leftInFile: break
                case .full: isFull = true
                }
                if isFull { break }
            }
            if scanned < pass.limit, !isFull { window.passEnded() }
            if Int.random(in: 0..<10, using: &random) == 0 {
                for id in taken.reversed() { window.withdraw(id) }
            } else {
                for id in taken { window.confirm(id) }
            }
        }

        var steps = 0
        while out.count < total {
            steps += 1
            guard steps < 200_000 else { return #expect(Bool(false), "stuck with \(open.count) open rows, seed \(seed)") }
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where nextID <= Int64(total):
                let names = (0..<Int.random(in: 0...2, using: &random)).map { _ in "k\(Int.random(in: 0..<5, using: &random))" }
                let admission = window.append(nextID, keys: keys(names), 0)
                if admission == .taken, Int.random(in: 0..<10, using: &random) == 0 {
                    window.withdraw(nextID)  // the same id is used again by the next append
                } else {
                    rows.append((nextID, names))
                    open.insert(nextID)
                    if admission == .taken { window.confirm(nextID) }
                    nextID += 1
                }
            case 1 where Int.random(in: 0..<20, using: &random) == 0: window.lookAgain(above: 0)
            case 1 where Int.random(in: 0..<15, using: &random) == 0:
                let name = "k\(Int.random(in: 0..<5, using: &random))"
                let key = OrderKey.lane(name)
                if let time = resting[name] {
                    wake(name, until: time)
                } else if Bool.random(using: &random) {
                    _ = window.rest(key)
                    resting[name] = .some(nil)
                } else {
                    let first = rows.first { open.contains($0.id) && $0.keys.contains(name) }?.id ?? nextID
                    let time = clock + Int64.random(in: 1...4, using: &random)
                    _ = window.rest(key, from: first, until: time)
                    resting[name] = .some(time)
                }
            case 1: pass()
            default:
                guard let (id, _) = window.nextReady() else {
                    if Int.random(in: 0..<50, using: &random) == 0, nextID > Int64(total) {
                        // Nothing rests for ever.
                        for (name, time) in resting { wake(name, until: time) }
                    }
                    continue
                }
                #expect(open.contains(id) && !out.contains(id), "row \(id) came out twice")
                for name in rows[Int(id) - 1].keys {
                    #expect(resting[name] == nil, "row \(id) came out of a key that rests")
                }
                out.insert(id)
                for name in Set(rows[Int(id) - 1].keys) { order[name, default: []].append(id) }
                open.remove(id)
                window.remove(id)
            }
        }
        #expect(out.count == total)
        for ids in order.values { #expect(ids == ids.sorted()) }
    }

    @Test(
        "P5: who asks whether there is something to read opens nothing, and what was read while the pass was sent back is not taken"
    )
    func readingOutsideTheLock() throws {
        var window = OrderedWindow<Int>(capacity: 8, keyCapacity: 2)
        window.passEnded()
        let (a, b) = (OrderKeys(.client("a")), OrderKeys(.client("b")))
        for id in 1...4 as ClosedRange<Int64> { _ = window.append(id, keys: a, 0) }
        for id in 1...2 as ClosedRange<Int64> { window.confirm(id) }
        window.lookBehind()  // others added 5
        let first = window.nextPass(limit: 10)
        let look = try #require(first)
        // The file is read now. Meanwhile an answer comes, a has room, and the pump asks.
        _ = window.nextReady()
        window.remove(1)
        let wants = window.wantsPass()
        #expect(wants && window.isAt(look))
        #expect(window.load(5, keys: b, 0) == .taken)
        window.passEnded()
        window.confirm(5)
        let overtakes = window.append(6, keys: a, 0)
        #expect(overtakes == .leftInFile, "3 and 4 come before it")
        let second = window.nextPass(limit: 10)
        let again = try #require(second)
        #expect(again.after == 2)
        // What was added meanwhile, or is to be looked at again, must not be passed over by what was read before.
        window.lookAgain(above: 0)
        #expect(!window.isAt(again))
        #expect(window.nextPass(limit: 10)?.after == 0)
    }
}
