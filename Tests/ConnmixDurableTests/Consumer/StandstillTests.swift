import Testing

@testable import ConnmixDurable

@Suite("commits that do not come back")
struct StandstillTests {
    private let second: Int64 = 1_000_000

    @Test("P8: it is told once a commit has been awaited for as long as it may take without a step, and any step begins anew")
    func told() {
        var standstill = Standstill(patience: .seconds(5))
        func look(_ steps: Int, isAwaited: Bool = true, now: Int64) -> Bool {
            standstill.look(steps: steps, isAwaited: isAwaited, now: now)
        }
        #expect(look(7, isAwaited: true, now: 0) == false)
        #expect(look(7, isAwaited: true, now: 5 * second - 1) == false)
        #expect(look(7, isAwaited: true, now: 5 * second))
        #expect(look(8, isAwaited: true, now: 6 * second) == false)
        #expect(look(8, isAwaited: true, now: 10 * second) == false)
        #expect(look(8, isAwaited: true, now: 11 * second))
        // Nobody waits: it may rest for as long as it likes.
        #expect(look(8, isAwaited: false, now: 12 * second) == false)
        #expect(look(8, isAwaited: true, now: 13 * second) == false)
        #expect(look(8, isAwaited: true, now: 17 * second))
        #expect(standstill.error("orders.sqlite3").message.contains("orders.sqlite3 has been under way for more than 5 s"))
        let words = { standstill.error("db", awaiting: $0).message }
        #expect(words(nil).contains("the disk does not answer"))
        #expect(words(.writes(entry: 7)).contains("a closure of entry 7"))
        #expect(words(.dedupe).contains("Dedupe") && !words(.dedupe).contains("disk"))
        // `timedOut` says of an enqueue that it may have been taken.
        #expect(standstill.error("db", awaiting: .lanes).code == .inputOutput)
    }

    @Test("it is known which closure of the user runs")
    func usersCode() {
        let code = UsersCode()
        #expect(code.running == nil)
        for closure in [UsersCode.Closure.lanes, .dedupe, .writes(entry: 7)] {
            code.run(closure) { #expect(code.running == closure) }
            #expect(code.running == nil)
        }
    }

    @Test("P8: a commit is awaited from when it is asked for until it has ended; that it does not come back is so until then")
    func awaited() {
        let error = Standstill(patience: .seconds(5)).error("x")
        func tell(_ schedule: inout CommitSchedule) -> Bool { schedule.standsStill(error) }
        var generator = SystemRandomNumberGenerator()
        var schedule = CommitSchedule()
        #expect(!schedule.isAwaited)
        #expect(tell(&schedule) == false)
        #expect(schedule.worked(for: .caller, now: 0) == .commit)
        #expect(schedule.isAwaited)
        let steps = schedule.steps
        schedule.began()
        #expect(schedule.isAwaited && schedule.steps == steps + 1)
        #expect(tell(&schedule))
        #expect(tell(&schedule) == false, "told twice")
        _ = schedule.committed(now: 1)
        #expect(!schedule.isAwaited && schedule.standstill == nil && schedule.steps == steps + 2)
        #expect(schedule.worked(for: .caller, now: 2) == .commit)
        schedule.began()
        #expect(tell(&schedule))
        schedule.failed(error, now: 3, using: &generator)
        #expect(!schedule.isAwaited && schedule.standstill == nil && schedule.trouble != nil)
    }
}
