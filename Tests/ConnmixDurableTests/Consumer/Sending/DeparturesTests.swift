import Testing

@testable import ConnmixDurable

@Suite("departures")
struct DeparturesTests {
    @Test("P5: the writer decides first and the loop is quicker: the loop hands on what was decided before its own")
    func overtaken() {
        var departures = Departures<String>()
        // Under the lock, on the writer's thread; before the loop comes, the loop's own pump decides.
        #expect(departures.decided(["c1"], isOnLoop: false) == .callLoop)
        #expect(departures.decided(["c2"], isOnLoop: true) == .handOn(["c1", "c2"]))
        #expect(departures.next() == [])
        // The call comes, and finds nothing.
        #expect(departures.next() == [])
    }

    @Test("P5: what is decided while the loop hands on goes after what it has in hand, whoever decided it")
    func meanwhile() {
        var departures = Departures<String>()
        #expect(departures.decided(["c1"], isOnLoop: true) == .handOn(["c1"]))
        // A connection refuses one at once, and the loop decides again from within.
        #expect(departures.decided(["c2"], isOnLoop: true) == .nothing)
        #expect(departures.decided(["c3", "c4"], isOnLoop: false) == .nothing)
        #expect(departures.next() == ["c2", "c3", "c4"])
        #expect(departures.decided(["c5"], isOnLoop: false) == .nothing)
        #expect(departures.next() == ["c5"])
        #expect(departures.next() == [])
    }

    @Test("the loop is called once for all that is decided before it comes, and again for what comes later")
    func calls() {
        var departures = Departures<String>()
        #expect(departures.decided([], isOnLoop: false) == .nothing)
        #expect(departures.decided(["c1"], isOnLoop: false) == .callLoop)
        #expect(departures.decided(["c2"], isOnLoop: false) == .nothing)
        #expect(departures.next() == ["c1", "c2"])
        #expect(departures.next() == [])
        #expect(departures.decided(["c3"], isOnLoop: false) == .callLoop)
    }
}
