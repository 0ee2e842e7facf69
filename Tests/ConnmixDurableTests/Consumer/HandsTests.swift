import Testing

@testable import ConnmixDurable

@Suite("handlers that do not come back")
struct HandsTests {
    private let second: Int64 = 1_000_000

    @Test("what is in hand is known by its handler, the longest first, and not what was given back")
    func held() {
        let hands = Hands(slots: 3)
        #expect(hands.held().isEmpty)
        hands.took(7, handler: 1)
        hands.took(5, handler: 0)
        hands.took(9, handler: 2)
        hands.gave(handler: 2)
        let now = Clock.steady()
        #expect(Set(hands.held(now: now).map(\.entry)) == [5, 7])
        #expect(hands.held(now: now).map(\.since) == hands.held(now: now).map(\.since).sorted())
        #expect(hands.held(for: hands.patience, now: now).isEmpty)
        #expect(hands.held(for: hands.patience, now: now + hands.patience).count == 2)
        hands.took(8, handler: 1)
        #expect(Set(hands.held().map(\.entry)) == [5, 8])
    }

    /// Looks at what two handlers hold, in seconds: entry and since when.
    private func look(_ watch: inout HandlerWatch, _ held: (Int64, Int64)..., now: Int64) -> Bool {
        watch.look(held.map { .init(entry: $0.0, since: $0.1 * second) }, of: 2, now: now * second)
    }

    @Test("it is told once, each time it has become twice as long, and when all of them are held")
    func told() {
        var watch = HandlerWatch()
        #expect(!look(&watch, now: 10))
        #expect(look(&watch, (1, 0), now: 30))
        #expect(!look(&watch, (1, 0), now: 59))
        #expect(look(&watch, (1, 0), now: 60))
        #expect(!look(&watch, (1, 0), now: 119))
        #expect(look(&watch, (1, 0), (2, 80), now: 119), "every handler holds one")
        #expect(!look(&watch, (1, 0), (2, 80), now: 120))
        #expect(look(&watch, (1, 0), (2, 80), now: 238))
    }

    @Test("messages that take long by design are told of once, one that takes twice as long as they do again")
    func byDesign() {
        var watch = HandlerWatch()
        var lines = 0
        for message in Int64(0)..<1_000 {
            let begin = 40 * message
            #expect(!look(&watch, now: begin + 5))
            for now in [begin + 30, begin + 39] {
                lines += look(&watch, (2 * message + 1, begin), (2 * message + 2, begin), now: now) ? 1 : 0
            }
        }
        #expect(lines == 1)
        #expect(!look(&watch, now: 40_005))
        #expect(!look(&watch, (5_000, 40_000), now: 40_079))
        #expect(look(&watch, (5_000, 40_000), now: 40_100), "more than twice as long as the others")
    }

    @Test("one that came back after a night does not hide the next, and an hour without any is a new beginning")
    func forgets() {
        var watch = HandlerWatch()
        #expect(look(&watch, (1, 0), now: 30))
        #expect(look(&watch, (1, 0), now: 36_000))
        #expect(!look(&watch, now: 36_001))
        #expect(!look(&watch, (2, 36_100), now: 37_299))
        #expect(look(&watch, (2, 36_100), now: 37_300), "after twenty minutes at the latest")
        #expect(!look(&watch, now: 37_301))
        #expect(!look(&watch, (3, 40_800), now: 40_830), "not yet an hour")
        #expect(!look(&watch, now: 40_831))
        #expect(!look(&watch, now: 44_430))
        #expect(look(&watch, (4, 44_430), now: 44_460))
    }
}
