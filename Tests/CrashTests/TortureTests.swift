import Testing
import TestSupport
import Torture

/// The short forms of `make torture`, `make soak` and `make loss`.
@Suite(
    "torture", .timeLimit(.minutes(5)),
    .enabled(if: DiskTap.isPossible, "there is no C compiler at /usr/bin/cc to build the disk's tap with"))
struct TortureTests {
    @Test("P1 to P5: every kind of process is killed at its calls and at random; both sides agree, and the work is gone on with")
    func death() async throws {
        let random = SeededGenerator(for: "death")
        try await withFolder { folder in
            let yard = try await DeathYard(folder: folder) { _ in }
            let done = try await yard.run(rounds: 12, seed: random.seed, together: 2)
            #expect(done == Dictionary(uniqueKeysWithValues: DeathKind.allCases.map { ($0, 2) }))
        }
    }

    @Test("P2, P8: a call that fails, once or for ever, leaves a sound file, and nobody says to be done who is not")
    func failingCalls() async throws {
        try await withFolder { folder in
            let calls = try await FailingCalls(folder: folder) { _ in }
            let runs = try await calls.run(stride: 20, works: ["send"], isPatient: false)
            #expect(runs >= 2 * 7)
        }
    }

    @Test(
        "P2, P8, P11: a call that fails while a consumer works: it goes on by itself, or waits and says so; nothing goes uncounted"
    )
    func failingConsumer() async throws {
        try await withFolder { folder in
            let calls = try await FailingCalls(folder: folder) { _ in }
            #expect(try await calls.run(stride: 100, works: ["consumer"], failures: [.inputOutput], isPatient: false) >= 3)
        }
    }

    @Test("P1, P2, P3: whatever a power cut left of the un-synced writes opens, checks out, and has what was confirmed")
    func powerCuts() async throws {
        let random = SeededGenerator(for: "power cuts")
        try await withFolder { folder in
            let states = try await PowerCuts(folder: folder) { _ in }.run(seed: random.seed, stride: 200)
            #expect(states > 10)
        }
    }

    @Test("P10: writers of many processes through two spellings of the path: no checkpoint beside a commit, nothing lost")
    func locks() async throws {
        try await withFolder { folder in
            let watch = try await ResetStress(folder: folder) { _ in }.run(seconds: 5)
            #expect(watch.othersCommits > 0)
            #expect(watch.ownersCheckpoints > 0)
        }
    }

    @Test("a few seconds of the soak")
    func soak() async throws {
        let random = SeededGenerator(for: "soak")
        try await withFolder { folder in
            let lines = try await SoakRun.run(SoakPlan(seconds: 8, rate: 200), folder: folder, seed: random.seed) { _ in }
            #expect(!lines.isEmpty)
        }
    }

    @Test("with acknowledgement from end to end nothing is lost for good, though the consumer is killed every two seconds")
    func loss() async throws {
        try await withFolder { folder in
            let result = try await LossRun(folder: folder, rate: 300, seconds: 7, pause: 2) { _ in }.run(.acknowledged)
            #expect(result.kills >= 2)
            #expect(result.handedOut > 0)
            #expect(result.lostForGood == 0)
        }
    }
}
