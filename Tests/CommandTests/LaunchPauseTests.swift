import Testing

@testable import connmix_durable

@Suite("when a program that cannot be started is tried again")
struct LaunchPauseTests {
    private let start = ContinuousClock.now

    @Test("the pause grows to its bound, is said once and then now and then, and starts over after a success")
    func grows() {
        var pause = LaunchPause()
        var now = start
        var pauses: [Duration] = []
        var said = 0
        for _ in 0..<30 {
            if pause.failed(begunAt: now, now: now) { said += 1 }
            pauses.append((pause.until ?? now) - now)
            now = max(now, pause.until ?? now)
        }
        #expect(
            pauses.prefix(7) == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)]
                + [.milliseconds(1_600), .milliseconds(3_200), .seconds(5)])
        #expect(pauses.allSatisfy { $0 <= LaunchPause.longest })
        #expect(said == 1 + Int((now - start) / LaunchPause.silence))
        #expect(pause.succeeded() == 30)
        #expect(!pause.isTroubled && pause.until == nil)
        #expect(pause.succeeded() == nil)
        let again = pause.failed(begunAt: now, now: now)
        #expect(again && pause.until == now + LaunchPause.shortest)
    }

    @Test("starts that were tried together are one failure for the pause")
    func together() {
        var pause = LaunchPause()
        for _ in 0..<64 { _ = pause.failed(begunAt: start, now: start + .milliseconds(5)) }
        #expect(pause.until == start + .milliseconds(105))
        #expect(pause.failures == 64)
    }

    @Test("trouble that comes and goes is not said every time")
    func flaps() {
        var pause = LaunchPause()
        var (said, over) = (0, 0)
        for step in 0..<100 {
            let now = start + .milliseconds(100) * step
            if pause.failed(begunAt: now, now: now) { said += 1 }
            if pause.succeeded() != nil { over += 1 }
        }
        #expect(said == 2 && over == 2)
    }

    @Test("a throttle lets one through in a while and counts the others")
    func throttle() {
        var throttle = Throttle(every: .seconds(1))
        let admitted = [0, 100, 900, 1_000, 1_001, 5_000].map { throttle.admit(now: start + .milliseconds($0)) }
        #expect(admitted == [0, nil, nil, 2, nil, 1])
    }
}
