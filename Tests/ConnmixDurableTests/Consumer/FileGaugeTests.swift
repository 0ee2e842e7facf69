import Testing

@testable import ConnmixDurable

@Suite("the file's gauge")
struct FileGaugeTests {
    @Test("P7: above the backlog limit it holds, below seven eighths it lets go")
    func backlog() {
        var gauge = FileGauge(limits: .init(backlog: 800))
        #expect(gauge.looked(open: 800, free: nil) == [])
        #expect(gauge.reason == nil)
        #expect(gauge.looked(open: 801, free: nil) == [.hold(.backlog)])
        #expect(gauge.reason?.contains("800 entries are open") == true)
        #expect(gauge.looked(open: 700, free: nil) == [])
        #expect(gauge.looked(open: 699, free: nil) == [.release(.backlog)])
        #expect(gauge.reason == nil)
    }

    @Test("a backlog limit of one holds above one, and lets go at none")
    func smallBacklog() {
        var gauge = FileGauge(limits: .init(backlog: 1))
        #expect(gauge.looked(open: 2, free: nil) == [.hold(.backlog)])
        #expect(gauge.looked(open: 1, free: nil) == [])
        #expect(gauge.looked(open: 0, free: nil) == [.release(.backlog)])
    }

    @Test("P8: with less than the headroom it holds, with a quarter more it lets go; a disk that says nothing changes nothing")
    func headroom() {
        var gauge = FileGauge(limits: .init(headroom: 1_000))
        #expect(gauge.looked(open: 0, free: 1_000) == [])
        #expect(gauge.looked(open: 0, free: 999) == [.hold(.disk)])
        #expect(gauge.reason?.contains("free some space") == true)
        #expect(gauge.looked(open: 0, free: nil) == [])
        #expect(gauge.looked(open: 0, free: 1_249) == [])
        #expect(gauge.looked(open: 0, free: 1_250) == [.release(.disk)])
        #expect(gauge.reason == nil)
        var boundless = FileGauge(limits: .init(headroom: .max))
        #expect(boundless.looked(open: 0, free: .max - 1) == [.hold(.disk)])
    }

    @Test("both at once: the disk is named first, then what is left")
    func both() {
        var gauge = FileGauge(limits: .init(backlog: 8, headroom: 1_000))
        #expect(gauge.looked(open: 9, free: 0) == [.hold(.backlog), .hold(.disk)])
        #expect(gauge.reason?.contains("bytes are free") == true)
        #expect(gauge.looked(open: 9, free: 2_000) == [.release(.disk)])
        #expect(gauge.reason?.contains("entries are open") == true)
    }

    @Test("without limits it never holds")
    func none() {
        var gauge = FileGauge(limits: .init())
        #expect(gauge.looked(open: .max, free: 0) == [])
    }

    @Test("it looks at most once a second, and a clock that was set back does not blind it")
    func due() {
        var gauge = FileGauge(limits: .init())
        #expect(gauge.isDue(now: 100_000_000) == true)
        #expect(gauge.isDue(now: 100_999_999) == false)
        #expect(gauge.isDue(now: 101_000_000) == true)
        #expect(gauge.isDue(now: 99_000_000) == false)
        #expect(gauge.isDue(now: 1_000_000) == true)
    }
}
