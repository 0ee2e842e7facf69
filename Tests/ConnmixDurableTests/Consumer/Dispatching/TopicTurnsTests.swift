import Testing

@testable import ConnmixDurable

@Suite("turns of topics")
struct TopicTurnsTests {
    @Test("so many at once, the oldest next; a topic without a limit has a place always")
    func turns() {
        var turns = TopicTurns(limits: ["slow": 2])
        #expect(turns.quota(of: "slow") != nil && turns.quota(of: "chat") == nil)
        for id in [1, 2] as [Int64] {
            let hasPlace = turns.hasPlace(for: id, of: "slow")
            #expect(hasPlace)
            turns.started(id, of: "slow")
        }
        let others = [5, 3, 5, 4].map { turns.hasPlace(for: $0, of: "slow") }
        #expect(others == [false, false, false, false])
        let free = turns.hasPlace(for: 6, of: "chat")
        #expect(free)
        turns.started(6, of: "chat")
        turns.ended(6)
        #expect(turns.called() == [])
        turns.left(3)
        turns.ended(2)
        turns.ended(2)  // it has none any more
        #expect(turns.called() == [4])
        let hasPlace = turns.hasPlace(for: 4, of: "slow")
        #expect(hasPlace, "called, and not started: the place is still free")
        turns.started(4, of: "slow")
        #expect(turns.called() == [])
        turns.ended(1)
        turns.ended(4)
        #expect(turns.called() == [5])
        #expect(turns.called() == [])
    }
}
