import Testing

@testable import ConnmixDurable

@Suite("the pass over the file")
struct FilePassTests {
    private func opening(from id: Int64) -> ClosedKeys.Opening {
        ClosedKeys.Opening(from: id, keys: [.lane("a")], causes: [.lane("a")])
    }

    /// The first pass has seen ten rows and come to the end.
    private func atEnd() -> FilePass {
        var pass = FilePass()
        for id in 1...10 as ClosedRange<Int64> { pass.passed(id) }
        pass.ended()
        return pass
    }

    @Test("it begins at the beginning, goes on behind what it saw, and ends when nothing is left")
    func first() {
        var pass = FilePass()
        #expect(pass.isWanted && pass.isBehind && !pass.isAtEnd)
        #expect(pass.cursor == 0)
        pass.passed(5)
        pass.passed(3)
        #expect(pass.cursor == 5)
        pass.ended()
        #expect(!pass.isWanted && pass.isAtEnd)
        pass.added(6)
        #expect(pass.cursor == 6 && pass.isAtEnd)
        pass.leftBehind()
        #expect(pass.isWanted && pass.cursor == 6)
    }

    @Test("what others added lies behind; what they changed may lie anywhere")
    func others() {
        var pass = atEnd()
        pass.lookBehind()
        #expect(pass.isWanted && pass.cursor == 10)
        pass.ended()
        pass.lookAgain(above: 4)
        #expect(pass.isWanted && pass.cursor == 4)
        pass.lookAgain(above: 7)
        #expect(pass.cursor == 4, "it never goes forward")
    }

    @Test("a second pass goes back to what was left, and past the frontier it is the first one again")
    func second() {
        var pass = atEnd()
        #expect(pass.isTurnOfSecond)
        pass.open(opening(from: 4))
        #expect(pass.isWanted && pass.cursor == 3 && pass.second != nil)
        #expect(!pass.isAtEnd && !pass.isTurnOfSecond)
        pass.reached(10)
        #expect(pass.second != nil)
        pass.passed(10)
        pass.reached(11)
        #expect(pass.second == nil)
    }

    @Test("ended early, the first pass goes on where it was, and what lies between is closed again")
    func early() {
        var pass = atEnd()
        pass.open(opening(from: 4))
        pass.passed(6)
        let ended = pass.endSecondEarly()
        #expect(ended?.from == 7)
        #expect(ended?.opening.keys == [.lane("a")])
        #expect(pass.cursor == 10 && pass.second == nil)
    }

    @Test("after a rollback nothing that nobody looked at is jumped over")
    func rolledBack() {
        var pass = atEnd()
        pass.lookAgain(above: 5)
        pass.open(opening(from: 2))
        pass.passed(3)
        _ = pass.endSecondEarly()
        #expect(pass.cursor == 5)
    }

    @Test("passes take turns: behind, a second one begins after the first made progress")
    func turns() {
        var pass = FilePass()
        pass.passed(10)
        pass.open(opening(from: 4))
        _ = pass.endSecondEarly()
        #expect(!pass.isTurnOfSecond, "the first one is next")
        pass.passed(11)
        #expect(pass.isTurnOfSecond)
    }

    @Test("closed, it looks at nothing new until keys are open again, or others did something")
    func closed() {
        var pass = FilePass()
        pass.passed(10)
        pass.close()
        #expect(!pass.isWanted && pass.isTurnOfSecond)
        pass.open(nil)
        #expect(pass.isWanted && pass.second == nil && pass.cursor == 10)
        pass.close()
        pass.lookBehind()
        #expect(pass.isWanted)
        pass.close()
        pass.lookAgain(above: 2)
        #expect(pass.isWanted && pass.cursor == 2)
    }
}
