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

    @Test("it is told once, each time it has become twice as long, of another one, and when all of them are held")
    func told() {
        var watch = HandlerWatch()
        func look(_ held: (Int64, Int64)..., now: Int64) -> Bool {
            watch.look(held.map { .init(entry: $0.0, since: $0.1 * second) }, of: 2, now: now * second)
        }
        #expect(!look(now: 10))
        #expect(look((1, 0), now: 30))
        #expect(!look((1, 0), now: 59))
        #expect(look((1, 0), now: 60))
        #expect(!look((1, 0), now: 119))
        #expect(look((1, 0), (2, 80), now: 119), "every handler holds one")
        #expect(!look((1, 0), (2, 80), now: 120))
        #expect(look((2, 80), now: 121), "another one")
        #expect(!look(now: 122))
        #expect(look((3, 100), now: 130), "after a while without any")
    }
}
