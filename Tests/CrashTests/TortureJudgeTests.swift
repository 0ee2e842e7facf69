import Testing
import TestSupport
import Torture

/// That those who judge in ``TortureTests`` find what they are there for.
@Suite("torture: the judges")
struct TortureJudgeTests {
    private let database = "/d/a.sqlite3"
    private let log = "/d/a.sqlite3-wal"
    private let lock = "/d/a.sqlite3.lock"

    private func took(_ process: Int32, _ byte: Int, exclusively: Bool) -> TapRecord {
        TapRecord(.lock, process: process, path: lock, offset: byte, type: exclusively ? 1 : 0)
    }

    private func left(_ process: Int32, _ byte: Int) -> TapRecord {
        TapRecord(.lock, process: process, path: lock, offset: byte, type: 2)
    }

    private func wrote(_ process: Int32, _ path: String) -> TapRecord {
        TapRecord(.write, process: process, path: path, bytes: [1])
    }

    @Test("locks as they should be are no fault, and are counted")
    func watchIsQuiet() {
        let watch = LockWatch([
            took(1, 0, exclusively: true), wrote(1, log), took(2, 1, exclusively: false), wrote(2, log), wrote(1, log),
            left(2, 1),
            took(1, 1, exclusively: true), wrote(1, database), wrote(1, database), left(1, 1),
            left(1, 0), took(2, 1, exclusively: false), wrote(2, log), left(2, 1),
            took(2, 1, exclusively: true), wrote(2, database), left(2, 1),
        ])
        #expect(watch.faults.isEmpty)
        #expect(watch.ownersCheckpoints == 1)
        #expect(watch.othersCheckpoints == 1)
        #expect(watch.othersCommits == 2)
    }

    @Test("a made-up checkpoint beside a commit, one without the lock, and a commit without it are found")
    func watchFinds() {
        let beside = LockWatch([
            took(1, 0, exclusively: true), took(1, 1, exclusively: true), wrote(1, database), wrote(2, log), left(1, 1),
        ])
        #expect(beside.faults == [.commitBesideCheckpoint(record: 3, process: 2, checkpointing: 1)])
        #expect(
            LockWatch([took(1, 0, exclusively: true), wrote(1, database)]).faults == [
                .unlockedCheckpoint(record: 1, process: 1)
            ])
        #expect(LockWatch([wrote(2, log)]).faults == [.unlockedCommit(record: 0, process: 2)])
        let twice = LockWatch([took(1, 1, exclusively: false), took(2, 1, exclusively: true)])
        #expect(twice.faults == [.lockedTwice(record: 1, process: 2, other: 1)])
    }

    @Test("a power cut keeps what was synced, and of the rest what it is told to")
    func cuts() {
        var states = CrashStates()
        var random = SeededGenerator(seed: 1)
        let (first, second) = ([UInt8](repeating: 1, count: 1_024), [UInt8](repeating: 2, count: 1_024))
        states.advance(TapRecord(.open, process: 1, path: log))
        states.advance(TapRecord(.write, process: 1, path: log, offset: 0, bytes: first))
        states.advance(TapRecord(.sync, process: 1, path: log))
        #expect(states.pendingCount == 0)
        states.advance(TapRecord(.write, process: 1, path: log, offset: 1_024, bytes: second))
        #expect(states.pendingCount == 1)
        #expect(states.cut(.dropped, using: &random)[log] == first)
        #expect(states.cut(.kept, using: &random)[log] == first + second)
        #expect(states.cut(.torn, using: &random)[log] == first + second.prefix(512))
        states.advance(TapRecord(.truncate, process: 1, path: log, offset: 512))
        #expect(states.cut(.kept, using: &random)[log] == Array(first.prefix(512)))
        states.advance(TapRecord(.rename, process: 1, path: log, other: database))
        #expect(Set(states.cut(.dropped, using: &random).keys) == [database])
    }

    @Test("a figure that creeps up is not flat, one that swings is")
    func flatness() {
        let swings = (0..<600).map { 1_000 + Double($0 % 7) * 20 }
        let creeps = (0..<600).map { 1_000 + Double($0) / 2 }
        #expect(Flatness("swings", swings, share: 0.1, least: 10).isFlat)
        #expect(!Flatness("creeps", creeps, share: 0.1, least: 10).isFlat)
        #expect(abs(Flatness("creeps", creeps, share: 0.1, least: 10).rise - 299.5) < 0.01)
        // The machine stood still for ten seconds near the end.
        let stalls = swings.enumerated().map { $0 > 570 && $0 < 581 ? 40_000 : $1 }
        #expect(Flatness("stalls", stalls, share: 0.1, least: 10).isFlat)
    }
}
