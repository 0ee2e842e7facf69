import Testing

@testable import ConnmixDurable

private let start: Int64 = 1_700_000_000_000_000
private let second: Int64 = 1_000_000
private let spacing = CommitPace.spacing
private let spacingAtRisk = CommitPace.spacingAtRisk
private let markDelay = CommitSchedule.markDelay
private let pollInterval = CommitSchedule.pollInterval

@Suite("the schedule of commits")
struct CommitScheduleTests {
    /// Always the longest pause.
    private struct Longest: RandomNumberGenerator {
        func next() -> UInt64 { .max }
    }

    private let full = ConnmixError(.diskFull, "the disk is full")

    /// A commit has ended at `start`, and every handler is busy.
    private func makeBusy() -> CommitSchedule {
        var schedule = CommitSchedule()
        #expect(schedule.worked(for: .nobody, now: start - 10) == .commit)
        schedule.began()
        #expect(schedule.committed(now: start) == false)
        return schedule
    }

    /// `times` commits have failed, each begun when it might.
    ///
    /// - Returns: when the next may begin, too.
    private func makeTroubled(times: Int = 1) -> (CommitSchedule, retryAt: Int64) {
        var (schedule, now, generator) = (makeBusy(), start, Longest())
        for _ in 0..<times {
            #expect(schedule.worked(for: .handler, now: now) == .commit)
            schedule.began()
            schedule.failed(full, now: now, using: &generator)
            now = schedule.trouble?.retryAt ?? 0
        }
        return (schedule, now)
    }

    // MARK: One at a time

    @Test("the first begins at once; one that is on its way takes what comes, and what comes later asks for another")
    func oneAtATime() {
        var schedule = CommitSchedule()
        #expect(schedule.worked(for: .handler, now: start) == .commit)
        #expect(schedule.worked(for: .handler, now: start + 1) == .nothing)
        #expect(schedule.arrived(for: .handler, now: start + 2) == .nothing)
        schedule.changed(isUrgent: true, now: start + 3)
        #expect(schedule.pumped(hasWork: true, for: .handler, now: start + 3) == .nothing)
        #expect(schedule.timerFired(now: start + 4) == .nothing)
        schedule.began()
        #expect(schedule.pumped(hasWork: false, for: .handler, now: start + 5) == .nothing, "it took the change")
        #expect(schedule.worked(for: .handler, now: start + 6) == .commit, "it is being written; the next one gathers")
        #expect(schedule.committed(now: start + 7) == false)
        #expect(schedule.worked(for: .handler, now: start + 8) == .nothing, "that one has not begun")
    }

    @Test("one that was not asked for, like the last, takes what was held back")
    func unasked() {
        var schedule = makeBusy()
        #expect(schedule.worked(for: .nobody, now: start + 1) == .wait(until: start + spacing))
        schedule.began()
        #expect(schedule.idled(now: start + 2) == .nothing)
        #expect(schedule.timer(deadline: nil, now: start + 2) == start + pollInterval)
    }

    // MARK: Company

    @Test("while every handler is busy it waits for company, and the timer ends the wait")
    func heldBack() {
        var schedule = makeBusy()
        let due = start + spacing
        #expect(schedule.worked(for: .nobody, now: start + 10) == .wait(until: due))
        #expect(schedule.timer(deadline: nil, now: start + 10) == due)
        #expect(schedule.worked(for: .nobody, now: start + 20) == .wait(until: due))
        #expect(schedule.timer(deadline: nil, now: start + 20) == nil, "it is set")
        #expect(schedule.timerFired(now: due) == .commit)
    }

    @Test("messages at risk wait for less company, and what could wait longer does not put them off")
    func atRisk() {
        var schedule = makeBusy()
        #expect(schedule.worked(for: .nobody, now: start + 10) == .wait(until: start + spacing))
        #expect(schedule.timer(deadline: nil, now: start + 10) == start + spacing)
        #expect(schedule.arrived(for: .nobody, now: start + 20) == .wait(until: start + spacingAtRisk))
        #expect(schedule.timer(deadline: nil, now: start + 20) == start + spacingAtRisk, "sooner than it was set for")
        #expect(schedule.worked(for: .nobody, now: start + 30) == .wait(until: start + spacingAtRisk))
        #expect(schedule.pumped(hasWork: true, for: .nobody, now: start + spacingAtRisk) == .commit)
    }

    @Test("with a delay an outcome that nobody waits for waits for company; a caller ends every wait")
    func company() {
        var schedule = CommitSchedule(delay: 2_000)
        let due = start + 2_000
        #expect(schedule.ended(isSuccess: true, for: .handler, now: start) == .wait(until: due))
        #expect(schedule.idled(now: start + 1) == .wait(until: due))
        #expect(schedule.pumped(hasWork: false, hasOutcomes: true, for: .handler, now: start + 2) == .wait(until: due))
        #expect(schedule.timer(deadline: nil, now: start + 2) == due)
        var (late, failed, called) = (schedule, schedule, schedule)
        #expect(late.timerFired(now: due) == .commit)
        #expect(failed.ended(isSuccess: false, for: .handler, now: start + 3) == .commit)
        #expect(called.worked(for: .caller, now: start + 3) == .commit)
        var prompt = CommitSchedule()
        #expect(prompt.ended(isSuccess: true, for: .handler, now: start) == .commit)
    }

    @Test(
        "with a delay messages wait for company even while a handler is idle, but not where so many are at risk that nodes pause")
    func delay() {
        var schedule = CommitSchedule(delay: 2_000)
        #expect(schedule.arrived(for: .handler, now: start) == .wait(until: start + 2_000))
        #expect(schedule.arrived(for: .handler, now: start + 500) == .wait(until: start + 2_000))
        #expect(schedule.timer(deadline: nil, now: start + 500) == start + 2_000)
        var much = schedule
        #expect(much.arrived(isMuch: true, for: .handler, now: start + 600) == .commit)
        #expect(schedule.timerFired(now: start + 2_000) == .commit)
    }

    @Test("a timer that fires for what a commit has taken meanwhile asks for none")
    func vain() {
        var schedule = makeBusy()
        #expect(schedule.worked(for: .nobody, now: start + 10) == .wait(until: start + spacing))
        #expect(schedule.timer(deadline: nil, now: start + 10) == start + spacing)
        #expect(schedule.idled(now: start + 20) == .commit)
        schedule.began()
        #expect(schedule.committed(now: start + 300) == false)
        #expect(schedule.timerFired(now: start + spacing) == .nothing)
        #expect(schedule.timer(deadline: nil, now: start + spacing) == start + 300 + pollInterval)
        #expect(schedule.timerFired(now: start + 300 + pollInterval) == .commit)
    }

    @Test("nobody waits for company where somebody waits for the commit")
    func awaited() {
        var worked = makeBusy()
        #expect(worked.worked(for: .handler, now: start + 1) == .commit)
        var arrived = makeBusy()
        #expect(arrived.arrived(for: .handler, now: start + 1) == .commit)
        var pumped = makeBusy()
        #expect(pumped.pumped(hasWork: true, for: .handler, now: start + 1) == .commit)
        var idle = makeBusy()
        #expect(idle.idled(now: start + 1) == .nothing, "nothing is held back")
        #expect(idle.worked(for: .nobody, now: start + 2) == .wait(until: start + spacing))
        #expect(idle.idled(now: start + 3) == .commit)
        #expect(idle.idled(now: start + 4) == .nothing, "it is on its way")
    }

    // MARK: Changes of commands

    @Test("marks of sent commands ask for nothing; they are committed in time whoever else waits for company")
    func marks() {
        var schedule = makeBusy()
        schedule.changed(isUrgent: false, now: start + 5)
        schedule.changed(isUrgent: false, now: start + 500)
        #expect(schedule.pumped(hasWork: false, for: .handler, now: start + 500) == .nothing)
        let due = start + 5 + markDelay
        #expect(schedule.timer(deadline: nil, now: start + 500) == due, "the first counts")
        // A commit that takes none of them ended a moment before.
        var late = schedule
        #expect(late.committed(now: due - 1) == false)
        #expect(late.worked(for: .nobody, now: due - 1) == .wait(until: due - 1 + spacing))
        #expect(late.timer(deadline: nil, now: due - 1) == nil)
        #expect(late.timerFired(now: due) == .commit)
        #expect(schedule.timerFired(now: due) == .commit)
    }

    @Test("marks ride on a commit that happens anyway")
    func ride() {
        var schedule = makeBusy()
        schedule.changed(isUrgent: false, now: start + 5)
        #expect(schedule.worked(for: .handler, now: start + 10) == .commit)
        schedule.began()
        #expect(schedule.timer(deadline: nil, now: start + 11) == start + pollInterval, "they are not waited for")
    }

    @Test("of marks and of what is held back the earlier one sets the timer")
    func earlier() {
        var held = makeBusy()
        held.changed(isUrgent: false, now: start)
        #expect(held.worked(for: .nobody, now: start + 1) == .wait(until: start + spacing))
        #expect(held.timer(deadline: nil, now: start + 1) == start + spacing)
        var marked = makeBusy()
        marked.changed(isUrgent: false, now: start - markDelay + 100)
        #expect(marked.worked(for: .nobody, now: start + 1) == .wait(until: start + spacing))
        #expect(marked.timer(deadline: nil, now: start + 1) == start + 100)
    }

    @Test("what became of a command otherwise does not wait, not even for company")
    func urgent() {
        var schedule = makeBusy()
        schedule.changed(isUrgent: true, now: start + 5)
        schedule.changed(isUrgent: false, now: start + 6)
        #expect(schedule.pumped(hasWork: false, for: .nobody, now: start + 6) == .commit)
        schedule.began()
        schedule.changed(isUrgent: false, now: start + 7)
        #expect(schedule.pumped(hasWork: false, for: .nobody, now: start + 7) == .nothing)
    }

    // MARK: The timer

    @Test("when nothing happens the file is looked at all the same")
    func poll() {
        var schedule = makeBusy()
        #expect(schedule.timer(deadline: nil, now: start) == start + pollInterval)
        #expect(schedule.timer(deadline: nil, now: start + 10) == nil)
        #expect(schedule.timerFired(now: start + pollInterval) == .commit)
        #expect(schedule.timer(deadline: nil, now: start + pollInterval) == start + 2 * pollInterval)
    }

    @Test("the timer is set anew only for something earlier, and never for the past")
    func deadlines() {
        var schedule = makeBusy()
        #expect(schedule.timer(deadline: start + 2 * second, now: start) == start + pollInterval)
        #expect(schedule.timer(deadline: start + 3_000, now: start) == start + 3_000)
        #expect(schedule.timer(deadline: start + 3_000, now: start) == nil)
        #expect(schedule.timer(deadline: start + 9_000, now: start) == nil)
        #expect(schedule.timer(deadline: start - second, now: start + 1) == start + 1)
    }

    @Test("a commit that is on its way needs no timer for what it takes")
    func onItsWay() {
        var schedule = makeBusy()
        schedule.changed(isUrgent: false, now: start)
        #expect(schedule.worked(for: .handler, now: start + 1) == .commit)
        #expect(schedule.timer(deadline: nil, now: start + 1) == start + pollInterval)
    }

    // MARK: Trouble

    @Test("after a failure nothing begins before the pause is over, whoever waits; then whatever the timer finds does")
    func trouble() {
        var (schedule, retryAt) = makeTroubled()
        #expect(retryAt == start + 100_000)
        #expect(schedule.trouble?.error.message == full.message)
        schedule.changed(isUrgent: true, now: start + 1)
        let before = retryAt - 1
        #expect(schedule.worked(for: .handler, now: before) == .nothing)
        #expect(schedule.arrived(for: .handler, now: before) == .nothing)
        #expect(schedule.pumped(hasWork: true, for: .handler, now: before) == .nothing)
        #expect(schedule.timer(deadline: nil, now: start + 1) == retryAt, "the marks are due earlier, in vain")
        #expect(schedule.timerFired(now: retryAt) == .commit)
    }

    @Test("the pauses grow to a limit, and the next trouble begins with the first")
    func backoff() {
        var pauses: [Int64] = []
        for times in 1...9 {
            let before = times == 1 ? start : makeTroubled(times: times - 1).retryAt
            pauses.append(makeTroubled(times: times).retryAt - before)
        }
        #expect(pauses == [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000].map { $0 * 1_000 })
        var (schedule, retryAt) = makeTroubled(times: 5)
        #expect(schedule.worked(for: .handler, now: retryAt) == .commit)
        schedule.began()
        #expect(schedule.committed(now: retryAt) == true, "it is over")
        #expect(schedule.trouble == nil)
        #expect(schedule.worked(for: .handler, now: retryAt + 1) == .commit)
        schedule.began()
        var generator = Longest()
        schedule.failed(full, now: retryAt + 2, using: &generator)
        #expect(schedule.trouble?.retryAt == retryAt + 2 + 100_000)
    }

    @Test("a trouble keeps its words while it is the same, and the pauses grow whatever it is")
    func words() {
        var (schedule, retryAt) = makeTroubled()
        var generator = Longest()
        schedule.failed(ConnmixError(.diskFull, "said by another statement"), now: retryAt, using: &generator)
        #expect(schedule.trouble?.error.message == full.message)
        schedule.failed(ConnmixError(.inputOutput, "the disk is broken"), now: retryAt, using: &generator)
        #expect(schedule.trouble?.error.message == "the disk is broken")
        #expect(schedule.trouble?.retryAt == retryAt + 400_000)
    }

    // MARK: The clock

    @Test("a clock that is set leaves of each wait what was left", arguments: [-86_400 * second, 86_400 * second])
    func clock(jump: Int64) {
        var held = makeBusy()
        #expect(held.worked(for: .nobody, now: start + 10) == .wait(until: start + spacing))
        #expect(held.timer(deadline: nil, now: start + 10) == start + spacing)
        held.clockJumped(by: jump)
        #expect(held.worked(for: .nobody, now: start + jump + 20) == .wait(until: start + jump + spacing))
        #expect(held.timer(deadline: nil, now: start + jump + 20) == nil, "it is set")
        #expect(held.timer(deadline: start + jump + 30, now: start + jump + 20) == start + jump + 30)

        var marked = makeBusy()
        marked.changed(isUrgent: false, now: start)
        marked.clockJumped(by: jump)
        #expect(marked.timer(deadline: nil, now: start + jump) == start + jump + markDelay)

        var (troubled, retryAt) = makeTroubled()
        troubled.clockJumped(by: jump)
        #expect(troubled.worked(for: .handler, now: retryAt + jump - 1) == .nothing)
        #expect(troubled.timer(deadline: nil, now: retryAt + jump - 1) == retryAt + jump)
        #expect(troubled.worked(for: .handler, now: retryAt + jump) == .commit)
    }

    @Test("a clock that was set back a little, so that nobody noticed, holds nothing back for company")
    func smallJump() {
        var schedule = makeBusy()
        #expect(schedule.worked(for: .nobody, now: start - ClockWatch.least) == .commit)
    }
}
