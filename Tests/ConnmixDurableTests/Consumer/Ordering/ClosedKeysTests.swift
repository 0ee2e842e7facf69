import Testing

@testable import ConnmixDurable

@Suite("closed keys")
struct ClosedKeysTests {
    private let a = OrderKey.lane("a")
    private let b = OrderKey.lane("b")
    private let c = OrderKey.channel("c")

    @Test("from the row on that did not fit, and from the oldest of several")
    func from() {
        var closed = ClosedKeys()
        closed.leave(7, OrderKeys(a), because: [a])
        #expect([6, 7, 8].map { closed.isClosed(a, for: $0) } == [false, true, true])
        closed.leave(9, OrderKeys(a), because: [a])
        closed.close(a, from: 5)
        #expect([4, 5, 8].map { closed.isClosed(a, for: $0) } == [false, true, true])
        #expect(!closed.isClosed(b, for: 9))
    }

    @Test("a key that waits for another one's room is opened with it")
    func opened() throws {
        var closed = ClosedKeys()
        closed.leave(3, OrderKeys(a, c), because: [c])
        closed.leave(5, OrderKeys(b), because: [b])
        #expect(closed.causes == [b, c])
        let some = closed.open([c])
        let opening = try #require(some)
        #expect(opening.from == 3)
        #expect(Set(opening.keys) == [a, c] && opening.causes == [c])
        #expect(!closed.contains(a) && closed.contains(b))
        // Ended early: what lies from there on stays closed, and what is closed from an earlier row stays so.
        closed.leave(4, OrderKeys(a), because: [c])
        #expect(closed.areCauses(opening.causes))
        closed.closeAgain(opening, from: 8)
        #expect([3, 4].map { closed.isClosed(a, for: $0) } == [false, true])
        #expect([7, 8].map { closed.isClosed(c, for: $0) } == [false, true])
    }

    @Test("it is not looked at again before something left that may have been why")
    func mayOpen() {
        var closed = ClosedKeys()
        closed.leave(3, OrderKeys(a), because: [a])
        let none = closed.open([])
        #expect(none == nil && !closed.mayOpen)
        closed.left(OrderKeys(b))
        #expect(!closed.mayOpen)
        closed.left(OrderKeys(b, a))
        #expect(closed.mayOpen)
        _ = closed.open([])
        closed.left(OrderKeys(b, quota: .node("n")))
        #expect(closed.mayOpen, "where one quota gives a place back, another may have more")
    }

    @Test("a row without a key waits for its quota, and is found again")
    func unkeyed() {
        var closed = ClosedKeys()
        closed.leave(6, OrderKeys(nil, quota: .node("n")), because: [.node("n")])
        closed.leave(4, OrderKeys(nil, quota: .node("n")), because: [.node("n")])
        #expect(closed.open([.node("n")])?.from == 4)
        let none = closed.open([.node("n")])
        #expect(none == nil)
    }
}
