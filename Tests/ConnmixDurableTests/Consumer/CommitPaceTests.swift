import Testing

@testable import ConnmixDurable

@Suite("the pace of commits")
struct CommitPaceTests {
    @Test("a lonely commit begins at once; the next one a little after its end, sooner where messages are at risk")
    func spacing() {
        var pace = CommitPace()
        let start: Int64 = 1_700_000_000_000_000
        let first = pace.hold(now: start, isAtRisk: false)
        #expect(first == nil)
        #expect(!pace.isHeldBack)
        pace.ended(now: start)
        let outcome = pace.hold(now: start + 10, isAtRisk: false)
        #expect(outcome == start + CommitPace.spacing)
        let arrival = pace.hold(now: start + 20, isAtRisk: true)
        #expect(arrival == start + CommitPace.spacingAtRisk)
        #expect(pace.isHeldBack)
        let due = pace.hold(now: start + CommitPace.spacing, isAtRisk: false)
        #expect(due == nil)
    }

    @Test("messages at risk are not put off by outcomes that come later and could wait longer")
    func atRisk() {
        var pace = CommitPace()
        pace.ended(now: 1_000_000)
        let due = 1_000_000 + CommitPace.spacingAtRisk
        let arrival = pace.hold(now: 1_000_010, isAtRisk: true)
        #expect(arrival == due)
        let outcome = pace.hold(now: 1_000_020, isAtRisk: false)
        #expect(outcome == due)
        let timer = pace.hold(now: due, isAtRisk: false)
        #expect(timer == nil)
    }

    @Test("what began holds nothing back any more")
    func began() {
        var pace = CommitPace()
        pace.ended(now: 1_000)
        _ = pace.hold(now: 1_001, isAtRisk: false)
        pace.began()
        #expect(!pace.isHeldBack)
    }

    @Test("a clock that was set back holds nothing")
    func clock() {
        var pace = CommitPace()
        pace.ended(now: 5_000_000)
        let time = pace.hold(now: 4_999_999, isAtRisk: false)
        #expect(time == nil)
    }
}
