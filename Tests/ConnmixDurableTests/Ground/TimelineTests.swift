import Testing

@testable import ConnmixDurable

@Suite("the timeline")
struct TimelineTests {
    private func make(_ entries: [(String, Int64)]) -> Timeline<String> {
        var timeline = Timeline<String>()
        for (token, time) in entries { timeline.add(token, at: time) }
        return timeline
    }

    private func due(_ timeline: inout Timeline<String>, _ now: Int64) -> [String] {
        var tokens: [String] = []
        while let token = timeline.popDue(now: now) { tokens.append(token) }
        return tokens
    }

    @Test("what is due comes out, the earliest first, and nothing before its time")
    func order() {
        var timeline = make([("c", 30), ("a", 10), ("b", 20)])
        #expect(timeline.next == 10)
        #expect(due(&timeline, 9) == [])
        #expect(due(&timeline, 20) == ["a", "b"])
        #expect(timeline.next == 30 && timeline.count == 1)
        #expect(due(&timeline, .max) == ["c"])
        #expect(timeline.next == nil && timeline.count == 0)
    }

    @Test("a token may wait for several times, and comes out at each")
    func several() {
        var timeline = make([("a", 10), ("a", 20), ("a", 10)])
        #expect(due(&timeline, 10) == ["a", "a"])
        #expect(due(&timeline, 20) == ["a"])
    }

    @Test("the clock was set: what is left of each wait stays")
    func shift() {
        var timeline = make([("a", 10), ("b", 20)])
        timeline.shift(by: -100)
        #expect(timeline.next == -90)
        #expect(due(&timeline, -90) == ["a"])
        timeline.shift(by: 1_000)
        #expect(due(&timeline, 919) == [])
        #expect(due(&timeline, 920) == ["b"])
    }

    @Test("what is not wanted any more is forgotten")
    func keep() {
        var timeline = make([("a", 10), ("b", 5), ("c", 20), ("b", 30)])
        timeline.keep { $0 != "b" }
        #expect(timeline.count == 2 && timeline.next == 10)
        #expect(due(&timeline, 99) == ["a", "c"])
    }
}
