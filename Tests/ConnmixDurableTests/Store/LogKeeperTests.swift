import Testing

@testable import ConnmixDurable

@Suite("the log's size, decided")
struct LogKeeperTests {
    private let mib: Int64 = 1 << 20

    @Test("after a try only what came since counts; a log that started over counts from its start; what is moved does not count")
    func pages() {
        let now = ContinuousClock.now
        var keeper = LogKeeper()
        func pages(_ log: LogFacts) -> Int { keeper.pages(log, now: now) }
        #expect(pages(LogFacts(pages: 1_500, moved: 0)) == 1_500)
        keeper.tried(LogFacts(pages: 1_500, moved: 200), isThrough: true, now: now)
        #expect(pages(LogFacts(pages: 1_500, moved: 200)) == 0)
        #expect(pages(LogFacts(pages: 1_700, moved: 200)) == 200)
        #expect(pages(LogFacts(pages: 1_600, moved: 0)) == 1_600)
        keeper.tried(LogFacts(pages: 1_600, moved: 1_600), isThrough: true, now: now)
        #expect(pages(LogFacts(pages: 1_600, moved: 1_600)) == 0)
        #expect(pages(LogFacts(pages: 30, moved: 0)) == 30)
    }

    @Test("a checkpoint that is not let through rests ten times as long as it waited, and waits longer then, within bounds")
    func patience() {
        let log = LogFacts(pages: 9_000, moved: 0)
        var (keeper, now) = (LogKeeper(), ContinuousClock.now)
        let first = keeper.patience
        keeper.tried(log, isThrough: false, now: now)
        #expect(keeper.patience == first * 2)
        #expect(keeper.pages(log, now: now + first * 10 - .nanoseconds(1)) == 0)
        #expect(keeper.pages(log, now: now + first * 10) == 9_000)
        #expect(!keeper.isShutOut, "somebody was at work a little longer")
        var waited = first
        while !keeper.isShutOut {
            now += keeper.patience * 10
            waited += keeper.patience
            keeper.tried(log, isThrough: false, now: now)
        }
        #expect(waited > .seconds(3), "told of only then")
        #expect(keeper.patience == .seconds(2))
        keeper.tried(log, isThrough: false, now: now)
        #expect(keeper.patience == .seconds(2))
        keeper.tried(LogFacts(pages: 9_000, moved: 9_000), isThrough: true, now: now)
        #expect(keeper.patience == first && !keeper.isShutOut)
        #expect(keeper.pages(LogFacts(pages: 100, moved: 0), now: now) == 100)
    }

    @Test("told of at 64 MiB and at each doubling, and once when it is over")
    func doublings() {
        var keeper = LogKeeper()
        let sizes: [Int64] = [10, 64, 65, 100, 127, 128, 200, 300, 1_100, 1_200, 65, 60, 70]
        let news = sizes.map { keeper.looked(bytes: $0 * mib) }
        #expect(
            news == [
                nil, nil, .grown(bytes: 65 * mib), nil, nil, .grown(bytes: 128 * mib), nil, .grown(bytes: 300 * mib),
                .grown(bytes: 1_100 * mib), nil, nil, .shrunk(bytes: 60 * mib), .grown(bytes: 70 * mib),
            ])
    }

    @Test("looked at once a second; an oversized log is shrunk at most as often")
    func looks() {
        var keeper = LogKeeper()
        let start = ContinuousClock.now
        let looks = [start, start + .milliseconds(900), start + .seconds(1)].map { keeper.isLookDue(now: $0) }
        #expect(looks == [true, false, true])
        #expect(!keeper.mustShrink(now: start))
        _ = keeper.looked(bytes: 65 * mib)
        #expect(keeper.mustShrink(now: start))
        keeper.triedToShrink(now: start)
        #expect(!keeper.mustShrink(now: start))
        let looksAgain = keeper.isLookDue(now: start)
        #expect(looksAgain, "whether it has helped is looked at at once")
        #expect(keeper.mustShrink(now: start + .seconds(1)))
        let wait = keeper.patience * 10
        keeper.tried(LogFacts(pages: 9_000, moved: 0), isThrough: false, now: start + .seconds(1))
        #expect(!keeper.mustShrink(now: start + .seconds(1)), "whoever keeps it waiting is not asked again at once")
        #expect(keeper.mustShrink(now: start + .seconds(1) + wait))
    }

    @Test("a writer without an owner checkpoints each time so much has gathered")
    func writers() {
        func isDue(_ before: Int, _ after: Int, moved: Int = 0) -> Bool {
            LogKeeper.isDue(before: LogFacts(pages: before, moved: moved), after: LogFacts(pages: after, moved: moved))
        }
        #expect(!isDue(0, 999))
        #expect(isDue(999, 1_004))
        #expect(!isDue(1_004, 1_009))
        #expect(isDue(1_990, 2_000))
        #expect(!isDue(5_000, 5_005, moved: 4_800))
        #expect(!isDue(3_000, 5), "it started over")
        #expect(isDue(300, 5_000))
    }

    @Test("who reads an old state stands in the kernel's table of locks")
    func readers() {
        let log = LogFacts(pages: 900, moved: 100, marks: [0, 100, 900, .max, .max])
        func reader(_ line: String) -> Int32? { LogReaders.reader(Substring(line), inode: 77, log) }
        #expect(reader("1: POSIX  ADVISORY  READ 4711 08:01:77 124 124") == 4_711)
        #expect(reader("1: POSIX  ADVISORY  READ 4711 08:01:77 123 123") == 4_711)
        #expect(reader("1: POSIX  ADVISORY  READ 4711 08:01:77 125 125") == nil, "it is up to date")
        #expect(reader("1: POSIX  ADVISORY  READ 4711 08:01:77 128 128") == nil, "that it has the file open says nothing")
        #expect(reader("1: POSIX  ADVISORY  READ 4711 08:01:78 124 124") == nil)
        #expect(reader("1: OFDLCK ADVISORY  READ -1 08:01:77 124 124") == nil)
        #expect(reader("1: POSIX  ADVISORY  WRITE 4711 08:01:77 120 120") == nil)
        #expect(reader("nonsense") == nil)
    }
}
