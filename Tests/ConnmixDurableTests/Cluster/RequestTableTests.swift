import Testing

@testable import ConnmixDurable

@Suite("requests that wait for their answers")
struct RequestTableTests {
    private let start = ContinuousClock.now

    private func after(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    /// One request a second, each with ten seconds' time; `a` has the id 1.
    private func make(_ purposes: [String]) -> RequestTable<String> {
        var table = RequestTable<String>()
        for (second, purpose) in purposes.enumerated() {
            #expect(table.add(purpose, deadline: after(Double(second) + 10)) == Int64(second + 1))
        }
        return table
    }

    @Test("ids count up from 1; each is found once, in any order; ids that nobody gave are not")
    func ids() {
        var table = make(["a", "b", "c"])
        #expect(table.take(3) == "c" && table.take(1) == "a" && table.count == 1)
        for id in [0, 1, 3, 4, -1, Int64.min, .max] { #expect(table.take(id) == nil) }
        #expect(table.take(2) == "b" && table.isEmpty && table.nextDeadline == nil)
        // An emptied table goes on counting.
        #expect(table.add("d", deadline: after(10)) == 4)
        #expect(table.take(3) == nil && table.take(4) == "d")
    }

    @Test("requests expire by age, each is told once, and an answer still finds it")
    func expiry() {
        var table = make(["a", "b", "c"])
        #expect(table.nextDeadline == after(10))
        #expect(table.expire(now: after(9.999)) == nil)
        #expect(table.expire(now: after(10)) == "a")
        #expect(table.expire(now: after(10)) == nil)
        #expect(table.count == 2 && table.nextDeadline == after(11))
        #expect(table.take(1) == "a" && table.count == 2)
        #expect(table.take(1) == nil)
        #expect(table.expire(now: after(60)) == "b" && table.expire(now: after(60)) == "c")
        #expect(table.expire(now: after(60)) == nil)
        #expect(table.isEmpty && table.nextDeadline == nil)
        #expect(table.take(3) == "c" && table.take(2) == "b")
    }

    @Test("what was answered does not expire, wherever it stands")
    func answered() {
        var table = make(["a", "b", "c", "d"])
        _ = table.take(2)
        #expect(table.expire(now: after(20)) == "a")
        #expect(table.nextDeadline == after(12))
        _ = table.take(3)
        #expect(table.nextDeadline == after(13) && table.count == 1)
        #expect(table.expire(now: after(20)) == "d" && table.expire(now: after(20)) == nil)
    }

    @Test("more time for all moves every deadline, and not those that were told")
    func postponed() {
        var table = make(["a", "b"])
        #expect(table.expire(now: after(10)) == "a")
        table.postpone(by: .seconds(5))
        #expect(table.nextDeadline == after(16))
        #expect(table.expire(now: after(15.999)) == nil && table.expire(now: after(16)) == "b")
    }

    @Test("all that wait are handed out oldest first, late ones too, once")
    func all() {
        var table = make(["a", "b", "c", "d"])
        _ = table.expire(now: after(10))
        _ = table.take(3)
        #expect(table.removeAll() == ["a", "b", "d"])
        #expect(table.removeAll() == [] && table.isEmpty && table.nextDeadline == nil)
        #expect(table.take(1) == nil && table.take(4) == nil)
        #expect(table.add("e", deadline: after(10)) == 5)
    }

    @Test("late requests are forgotten once they are far back; those that wait never are")
    func reach() {
        var late = make(["a", "b"])
        #expect(late.expire(now: after(10)) == "a")
        let reach = RequestTable<String>.reach
        for _ in 0..<reach - 2 { _ = late.add("x", deadline: after(20)) }
        var nearly = late
        #expect(nearly.take(1) == "a")
        _ = late.add("x", deadline: after(20))
        #expect(late.take(1) == nil)
        #expect(late.take(2) == "b" && late.take(Int64(reach) + 1) == "x")

        var waiting = make(["a"])
        for _ in 0...reach { _ = waiting.add("x", deadline: after(20)) }
        #expect(waiting.take(1) == "a" && waiting.count == reach + 1)
    }
}
