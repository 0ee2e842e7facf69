import ConnmixDurable
import Testing

@testable import connmix_durable

@Suite("the pace of bulk work")
struct PaceTests {
    private let alone = WriteTimes(waited: .zero, held: .milliseconds(10))
    private let busy = WriteTimes(waited: .milliseconds(30), held: .milliseconds(10))

    @Test("where nobody is in the way it goes on at once; beside a busy consumer it holds a twentieth of the time")
    func courtesy() {
        var pace = Pace(nil)
        let first = pace.pause(after: 500, elapsed: .zero, alone)
        #expect(first == .zero)
        let second = pace.pause(after: 500, elapsed: .zero, busy)
        #expect(second == .milliseconds(190))
        // That one found a gap does not mean that nobody is busy.
        for _ in 0..<3 {
            let pause = pace.pause(after: 500, elapsed: .zero, alone)
            #expect(pause == .milliseconds(190))
        }
        let calm = pace.pause(after: 500, elapsed: .zero, alone)
        #expect(calm == .zero)
        let stuck = pace.pause(after: 500, elapsed: .zero, WriteTimes(waited: .seconds(1), held: .seconds(60)))
        #expect(stuck == .seconds(5))
    }

    @Test("a rate that was asked for is kept, or less")
    func rate() {
        var pace = Pace(Rate(argument: "100/s"))
        #expect(pace.allowance(most: 500) == 25)
        let alone = pace.pause(after: 25, elapsed: .milliseconds(50), alone)
        #expect(alone == .milliseconds(200))
        let busy = pace.pause(after: 25, elapsed: .milliseconds(490), busy)
        #expect(busy == .milliseconds(190))
    }
}
