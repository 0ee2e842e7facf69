import Testing

@testable import ConnmixDurable

@Suite("the pace of commits")
struct CommitPaceTests {
    @Test("a lonely commit begins at once; the next one a little after its end, sooner where messages are at risk")
    func spacing() {
        var pace = CommitPace()
        let start: Int64 = 1_700_000_000_000_000
        let first = pace.hold(.successes, isHandlerIdle: false, now: start)
        #expect(first == nil)
        #expect(!pace.isHeldBack)
        pace.ended(now: start)
        let outcome = pace.hold(.successes, isHandlerIdle: false, now: start + 10)
        #expect(outcome == start + CommitPace.spacing)
        let arrival = pace.hold(.messages, isHandlerIdle: false, now: start + 20)
        #expect(arrival == start + CommitPace.spacingAtRisk)
        #expect(pace.isHeldBack)
        let due = pace.hold(.successes, isHandlerIdle: false, now: start + CommitPace.spacing)
        #expect(due == nil)
    }

    @Test("messages at risk are not put off by outcomes that come later and could wait longer")
    func atRisk() {
        var pace = CommitPace()
        pace.ended(now: 1_000_000)
        let due = 1_000_000 + CommitPace.spacingAtRisk
        let arrival = pace.hold(.messages, isHandlerIdle: false, now: 1_000_010)
        #expect(arrival == due)
        let outcome = pace.hold(.successes, isHandlerIdle: false, now: 1_000_020)
        #expect(outcome == due)
        let timer = pace.hold(.successes, isHandlerIdle: false, now: due)
        #expect(timer == nil)
    }

    @Test("what began holds nothing back any more")
    func began() {
        var pace = CommitPace()
        pace.ended(now: 1_000)
        _ = pace.hold(.successes, isHandlerIdle: false, now: 1_001)
        pace.began()
        #expect(!pace.isHeldBack)
    }

    // MARK: While a handler is idle

    private let start: Int64 = 1_700_000_000_000_000

    @Test("without a delay nothing waits for company")
    func idle() {
        for cargo in [CommitPace.Cargo.successes, .messages, .other] {
            var pace = CommitPace()
            pace.ended(now: start)
            let time = pace.hold(cargo, isHandlerIdle: true, now: start + 10)
            #expect(time == nil, "\(cargo)")
        }
    }

    @Test("what was held back while all were busy begins when a handler is idle")
    func idled() {
        for cargo in [CommitPace.Cargo.successes, .messages, .other] {
            var pace = CommitPace()
            pace.ended(now: start)
            let held = pace.hold(cargo, isHandlerIdle: false, now: start + 10)
            #expect(held != nil)
            let time = pace.holdForIdle(now: start + 20)
            #expect(time == nil, "\(cargo)")
        }
    }

    @Test(
        "with a delay messages and successes wait so long even for an idle handler, from the first of them on; nothing else does")
    func delay() {
        var pace = CommitPace(delay: 5_000)
        let first = pace.hold(.messages, isHandlerIdle: true, now: start)
        #expect(first == start + 5_000)
        let second = pace.hold(.messages, isHandlerIdle: true, now: start + 3_000)
        #expect(second == start + 5_000)
        let due = pace.hold(.messages, isHandlerIdle: true, now: start + 5_000)
        #expect(due == nil)
        pace.began()
        let success = pace.hold(.successes, isHandlerIdle: true, now: start + 6_000)
        #expect(success == start + 11_000)
        let busy = pace.hold(.messages, isHandlerIdle: false, now: start + 6_001)
        #expect(busy == start + 11_000)
        let failure = pace.hold(.other, isHandlerIdle: true, now: start + 6_002)
        #expect(failure == nil)
    }

    @Test("a clock that is set leaves of a wait what was left")
    func jump() {
        var pace = CommitPace(delay: 5_000)
        let held = pace.hold(.successes, isHandlerIdle: true, now: start + 500)
        let day: Int64 = 86_400_000_000
        pace.clockJumped(by: -day)
        #expect(pace.heldUntil == held.map { $0 - day })
    }

    @Test("a clock that was set back holds nothing")
    func clock() {
        var pace = CommitPace()
        pace.ended(now: 5_000_000)
        let time = pace.hold(.successes, isHandlerIdle: false, now: 4_999_999)
        #expect(time == nil)
    }
}
