import Testing

@testable import ConnmixDurable

extension GroupCommit {
    fileprivate mutating func next(walPages: Int) -> Step { next(walPages: walPages, isQuiet: false) }
}

@Suite("group commit")
struct GroupCommitTests {
    @Test("what waits is committed together; nothing waiting means sleep; a sleeper is woken once")
    func script() {
        var machine = GroupCommit<Int>()
        guard case .sleep = machine.next(walPages: 0) else { return #expect(Bool(false)) }
        #expect(machine.submit(1) == true)
        #expect(machine.submit(2) == false)
        guard case .commit([1, 2]) = machine.next(walPages: 0) else { return #expect(Bool(false)) }
        #expect(machine.submit(3) == false)
        guard case .commit([3]) = machine.next(walPages: 0) else { return #expect(Bool(false)) }
        guard case .sleep = machine.next(walPages: 0) else { return #expect(Bool(false)) }
    }

    @Test("a grown log is checkpointed when it is quiet, a large one in any case")
    func checkpoint() {
        var machine = GroupCommit<Int>()
        _ = machine.submit(1)
        guard case .checkpoint = machine.next(walPages: machine.busyPages) else { return #expect(Bool(false)) }
        guard case .commit([1]) = machine.next(walPages: machine.idlePages, isQuiet: true) else { return #expect(Bool(false)) }
        guard case .doze = machine.next(walPages: machine.idlePages) else { return #expect(Bool(false)) }
        #expect(machine.submit(2) == true)
        guard case .commit([2]) = machine.next(walPages: machine.idlePages) else { return #expect(Bool(false)) }
        guard case .checkpoint = machine.next(walPages: machine.idlePages, isQuiet: true) else { return #expect(Bool(false)) }
        guard case .sleep = machine.next(walPages: machine.idlePages - 1, isQuiet: true) else { return #expect(Bool(false)) }
    }

    @Test("the log's bytes count, whatever the size of its pages")
    func pages() {
        var machine = GroupCommit<Int>()
        for size in [1_024, 4_096, 8_192, 65_536] {
            machine.opened(pageSize: size)
            #expect(machine.idlePages * size == 8_192_000)
            #expect(machine.busyPages * size == 32_768_000)
        }
    }

    @Test("stopping commits what waits and takes nothing more")
    func stop() {
        var machine = GroupCommit<Int>()
        _ = machine.submit(1)
        #expect(machine.stop() == false)
        #expect(machine.submit(2) == nil)
        guard case .commit([1]) = machine.next(walPages: 0) else { return #expect(Bool(false)) }
        guard case .stop = machine.next(walPages: 0) else { return #expect(Bool(false)) }
    }
}

@Suite("runs of ids")
struct IDRunsTests {
    @Test("every id is in exactly one place")
    func split() {
        let ids: [Int64] = [1, 2, 5, 6, 7, 8, 9, 12, 20, 21, 22, 23]
        let runs = IDRuns(ids)
        #expect(runs.ranges == [5...9, 20...23])
        #expect(runs.singles == [1, 2, 12])
        #expect((runs.ranges.flatMap { Array($0) } + runs.singles).sorted() == ids)
        #expect(IDRuns([]).singles.isEmpty)
    }
}
