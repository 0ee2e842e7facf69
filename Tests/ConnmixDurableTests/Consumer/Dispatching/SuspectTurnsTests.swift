import Testing

@testable import ConnmixDurable

@Suite("turns of suspects, and claims")
struct SuspectTurnsTests {
    @Test("P6: one at a time, in order, each once; who left meanwhile is passed over")
    func turns() {
        var turns = SuspectTurns()
        let first = turns.takeTurn(1)
        #expect(first && turns.isTurn(of: 1))
        let others = [2, 3, 3, 4].map { turns.takeTurn($0) }
        #expect(others == [false, false, false, false])
        #expect(turns.next() == nil)
        turns.left(2)
        turns.ended(3)  // it is not its turn
        #expect(turns.next() == nil)
        turns.ended(1)
        #expect(turns.next() == 3)
        #expect(turns.next() == nil)
        turns.ended(3)
        #expect(turns.next() == 4)
        turns.ended(4)
        #expect(turns.next() == nil)
        let last = turns.takeTurn(2)
        #expect(last, "it came back")
    }

    @Test("P2: an entry is claimed once, until that is answered; forgotten before it is on its way, it may be claimed again")
    func claims() {
        var claims = Claims()
        for id in [5, 3, 5] as [Int64] { claims.claim(id) }
        claims.forget(3)
        #expect(!claims.isClaiming(3) && claims.isClaiming(5))
        claims.claim(3)
        #expect(claims.take() == [3, 5])
        #expect(!claims.hasClaims)
        claims.forget(3)
        claims.claim(3)
        #expect(!claims.hasClaims, "it is on its way")
        claims.answered([3, 5])
        claims.claim(3)
        #expect(claims.hasClaims)
        claims.stop()
        #expect(!claims.hasClaims && !claims.isClaiming(3))
    }

    @Test("P2: what is given back is given back once; a rollback takes it back")
    func releases() {
        var claims = Claims()
        for id in [9, 4, 6] as [Int64] { claims.release(id) }
        claims.keep(6)
        let releases = claims.takeReleases()
        #expect(releases == [4, 9])
        #expect(!claims.hasReleases)
        claims.release(releases)
        #expect(claims.takeReleases() == [4, 9])
    }
}
