import ConnmixDurable
import Testing

@testable import connmix_durable

@Suite("what the service manager is told")
struct NoticePlanTests {
    private let one = ConsumerStanding(isRunning: true, listed: 2, consuming: 1)

    /// Says what the plan wants said; it is taken.
    private func look(_ plan: inout NoticePlan, _ standing: ConsumerStanding, at now: Duration) -> (text: String?, asks: Bool) {
        take(plan.look(standing, now: now), &plan, at: now)
    }

    private func take(_ step: NoticePlan.Step, _ plan: inout NoticePlan, at now: Duration) -> (text: String?, asks: Bool) {
        if let notice = step.notice { plan.sent(notice, now: now) }
        return (step.notice?.text, step.asks)
    }

    private func makePlan(watchdog: Duration? = nil) -> NoticePlan {
        NoticePlan(database: "/db", watchdog: watchdog, stopLimit: .seconds(100))
    }

    @Test("ready once the file is its own and the center is asked, whether it answers or not; each status once")
    func ready() {
        var plan = makePlan()
        #expect(look(&plan, ConsumerStanding(), at: .zero) == ("STATUS=opening /db", false))
        #expect(look(&plan, ConsumerStanding(), at: .seconds(1)) == (nil, false))
        let running = ConsumerStanding(isRunning: true)
        #expect(look(&plan, running, at: .seconds(2)) == ("READY=1\nSTATUS=asking the center for its nodes", false))
        let trouble = ConsumerStanding(isRunning: true, centerTrouble: "connection refused")
        #expect(
            look(&plan, trouble, at: .seconds(3)).text == "STATUS=the center is in trouble, and asked again: connection refused")
        #expect(look(&plan, one, at: .seconds(4)).text == "STATUS=consuming 1 of 2 nodes")
        #expect(look(&plan, one, at: .seconds(5)).text == nil)
        var held = one
        held.paused = "disk full\nREADY=1"
        #expect(look(&plan, held, at: .seconds(6)).text == "STATUS=nothing is taken: disk full\\nREADY=1")
        var lame = one
        lame.handlerTrouble = "php is missing"
        #expect(look(&plan, lame, at: .seconds(7)).text == "STATUS=handlers cannot run: php is missing")
    }

    @Test("what was not taken is said again")
    func full() {
        var plan = makePlan()
        let first = plan.look(one, now: .zero)
        #expect(first.notice?.isReady == true)
        #expect(plan.look(one, now: .seconds(1)) == first)
        #expect(look(&plan, one, at: .seconds(2)).text == "READY=1\nSTATUS=consuming 1 of 2 nodes")
        #expect(look(&plan, one, at: .seconds(3)).text == nil)
    }

    @Test("the watchdog starts over at half its time, only once what was asked has answered, and is asked once at a time")
    func watchdog() {
        var plan = makePlan(watchdog: .seconds(20))
        #expect(look(&plan, ConsumerStanding(), at: .zero).asks == false)
        #expect(look(&plan, one, at: .seconds(1)).asks)
        // It hangs: nobody asks again, and nothing is said.
        #expect(look(&plan, one, at: .seconds(30)) == (nil, false))
        let notice = plan.answered()
        #expect(notice.text == "WATCHDOG=1")
        // It was not taken: asked again at once.
        #expect(look(&plan, one, at: .seconds(31)).asks)
        plan.sent(plan.answered(), now: .seconds(31))
        #expect(look(&plan, one, at: .seconds(40)).asks == false)
        #expect(look(&plan, one, at: .seconds(41)).asks)
    }

    @Test("no watchdog: nobody asks")
    func none() {
        var plan = makePlan()
        for second in 0..<100 { #expect(look(&plan, one, at: .seconds(second)).asks == false) }
    }

    @Test("a stop is said once, and more time is asked for while it takes as long as it may")
    func stop() {
        var plan = makePlan()
        _ = look(&plan, one, at: .zero)
        let first = take(plan.stop(one, now: .seconds(5)), &plan, at: .seconds(5))
        let words = "STATUS=stopping: finishing what is in hand, emptying the outbox"
        #expect(first.text == "STOPPING=1\n\(words)\nEXTEND_TIMEOUT_USEC=15000000")
        #expect(look(&plan, one, at: .seconds(6)).text == "EXTEND_TIMEOUT_USEC=15000000")
        #expect(look(&plan, ConsumerStanding(hasEnded: true), at: .seconds(104)).text == "EXTEND_TIMEOUT_USEC=15000000")
        #expect(look(&plan, one, at: .seconds(105)).text == nil)
    }

    @Test("a stop before it was ready")
    func early() {
        var plan = makePlan()
        #expect(take(plan.stop(ConsumerStanding(), now: .zero), &plan, at: .zero).text?.hasPrefix("STOPPING=1\n") == true)
        #expect(look(&plan, one, at: .seconds(1)).text == "EXTEND_TIMEOUT_USEC=15000000")
    }

    @Test("names of sockets: paths and abstract ones; no others")
    func names() {
        #expect(NotifySocket("/run/systemd/notify") != nil && NotifySocket("@abstract") != nil)
        for wrong in ["", "/", "@", "vsock:2:1234", "relative", "/" + String(repeating: "x", count: 108)] {
            #expect(NotifySocket(wrong) == nil, "\(wrong)")
        }
    }
}
