import Testing

@testable import ConnmixDurable

@Suite("ends in the file, and commands in trouble")
struct EndsInFileTests {
    private static let second: Int64 = 1_000_000

    @Test("a look at once, then at most once a second, and only where something ended")
    func pace() {
        var ends = EndsInFile()
        let unasked = ends.isDue(now: 0, isBehind: false)
        #expect(!unasked && ends.nextDeadline == nil)
        ends.ended()
        let atOnce = ends.isDue(now: 0, isBehind: false)
        #expect(atOnce)
        ends.looked()
        #expect(ends.nextDeadline == nil)
        ends.ended()
        #expect(ends.nextDeadline == Self.second)
        let times = [Self.second - 1, Self.second].map { ends.isDue(now: $0, isBehind: false) }
        #expect(times == [false, true])
    }

    @Test("a pass that is under way goes first, for ten seconds")
    func passFirst() {
        var ends = EndsInFile()
        ends.ended()
        let atOnce = ends.isDue(now: 0, isBehind: true)
        #expect(atOnce)
        ends.looked()
        ends.ended()
        let whileBehind = (1...10).filter { ends.isDue(now: Int64($0) * Self.second, isBehind: true) }
        #expect(whileBehind == [10])
        ends.looked()
        ends.ended()
        let atEnd = ends.isDue(now: 11 * Self.second, isBehind: false)
        #expect(atEnd)
        ends.clockJumped()
        let afterJump = ends.isDue(now: -5, isBehind: true)
        #expect(afterJump)
    }

    @Test("P6: after three losses a command goes alone, and two more of those convict it")
    func trouble() {
        var trouble = Trouble()
        trouble.lost(wasAlone: false)
        trouble.lost(wasAlone: false)
        #expect(!trouble.mustGoAlone)
        trouble.lost(wasAlone: false)
        #expect(trouble.mustGoAlone && !trouble.isCulprit)
        trouble.lost(wasAlone: true)
        #expect(!trouble.isCulprit)
        trouble.lost(wasAlone: true)
        #expect(trouble.isCulprit)
        #expect(
            trouble.reason("n1", Disconnection(cause: .wanted, reason: "reset")) == """
                it closes the connection: 5 connections were lost while it was in flight, 2 of them with nothing else; the last one \
                to node n1: reset
                """)
    }
}
