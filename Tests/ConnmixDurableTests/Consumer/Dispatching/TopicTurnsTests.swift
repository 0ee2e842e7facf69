import Testing

@testable import ConnmixDurable

@Suite("turns of topics")
struct TopicTurnsTests {
    @Test("so many at once, the oldest next; a topic without a limit has a place always")
    func turns() {
        var turns = TopicTurns(limits: ["slow": 2])
        #expect(turns.quota(of: "slow") != nil && turns.quota(of: "chat") == nil)
        for id in [1, 2] as [Int64] {
            let hasPlace = turns.hasPlace(for: id, of: "slow", now: 0)
            #expect(hasPlace)
            turns.started(id, of: "slow")
        }
        let others = [5, 3, 5, 4].map { turns.hasPlace(for: $0, of: "slow", now: 0) }
        #expect(others == [false, false, false, false])
        let free = turns.hasPlace(for: 6, of: "chat", now: 0)
        #expect(free)
        turns.started(6, of: "chat")
        turns.ended(6)
        #expect(turns.called(now: 0) == [])
        turns.left(3, of: "slow")
        turns.ended(2)
        turns.ended(2)  // it has none any more
        #expect(turns.called(now: 0) == [4])
        let hasPlace = turns.hasPlace(for: 4, of: "slow", now: 0)
        #expect(hasPlace, "called, and not started: the place is still free")
        turns.started(4, of: "slow")
        #expect(turns.called(now: 0) == [])
        turns.ended(1)
        turns.ended(4)
        #expect(turns.called(now: 0) == [5])
        #expect(turns.called(now: 0) == [])
    }

    @Test("a topic that is probed: one at a time, not before its time, and each in turn")
    func probe() {
        var turns = TopicTurns()
        turns.probe("t", from: 100, running: [9])
        #expect(turns.quota(of: "t") != nil && turns.isProbed("t") && turns.nextProbe == nil)
        for id in [3, 1, 2] as [Int64] {
            let hasPlace = turns.hasPlace(for: id, of: "t", now: 50)
            #expect(!hasPlace)
        }
        #expect(turns.nextProbe == 100, "one that was being handled before may hang")
        #expect(turns.called(now: 99) == [])
        #expect(turns.called(now: 100) == [3], "the newest")
        #expect(turns.called(now: 100) == [] && turns.isProbe(3, of: "t"))
        #expect(turns.nextProbe == 30_000_100, "it may hang as well")
        let isCurrent = turns.hasPlace(for: 3, of: "t", now: 100)
        #expect(isCurrent)
        turns.started(3, of: "t")
        turns.ended(3)
        #expect(turns.isProbe(3, of: "t"), "until its outcome is committed")
        turns.settled(3)
        turns.putOff("t", until: 300)
        var order: [Int64] = []
        for round in 0..<8 {
            if round == 4 { _ = turns.hasPlace(for: 7, of: "t", now: 250) }
            let hasPlace = turns.hasPlace(for: order.last ?? 3, of: "t", now: 250)
            #expect(!hasPlace)
            #expect(turns.nextProbe == 300)
            order += turns.called(now: 300)
            turns.left(order.last ?? 0, of: "t")
        }
        #expect(order == [1, 2, 3, 1, 7, 2, 3, 7], "one that is new comes soon, and all come round")
    }

    @Test(
        "a probe that hangs gets company after 30 s; what has left is waited for by no timer; a clock that is set moves nothing")
    func times() {
        var turns = TopicTurns()
        turns.probe("t", from: 100, running: [])
        let isProbe = turns.hasPlace(for: 1, of: "t", now: 100)
        #expect(isProbe)
        turns.started(1, of: "t")
        for id in [2, 3] as [Int64] { _ = turns.hasPlace(for: id, of: "t", now: 200) }
        #expect(turns.called(now: 30_000_099) == [])
        turns.clockJumped(by: -20_000_000)
        #expect(turns.nextProbe == 10_000_100)
        #expect(turns.called(now: 10_000_100) == [3])
        turns.settled(1)
        #expect(turns.isProbe(3, of: "t"), "the one that hung does not end the turn of the other")
        turns.left(2, of: "t")
        #expect(turns.nextProbe == nil)
        turns.left(2, of: "t")
        turns.settled(3)
        #expect(turns.nextProbe == nil && turns.called(now: .max) == [])
    }

    @Test("after the probe all that waited may go on, as many as the topic has places")
    func afterProbe() {
        var turns = TopicTurns(limits: ["slow": 1])
        for topic in ["slow", "free"] {
            turns.probe(topic, from: 100, running: [])
            for id in [3, 1, 2] as [Int64] { _ = turns.hasPlace(for: topic == "slow" ? id : id + 10, of: topic, now: 0) }
        }
        turns.endProbe("free")
        turns.endProbe("slow")
        #expect(turns.called(now: 0) == [11, 12, 13, 1])
        #expect(turns.quota(of: "free") == nil && turns.quota(of: "slow") != nil && turns.nextProbe == nil)
    }
}
