import Testing

@testable import ConnmixDurable

@Suite("the doctor's judgement")
struct HealthReportTests {
    private func finding(_ name: String, _ change: (inout HealthFacts) -> Void) -> HealthReport.Finding? {
        var facts = HealthFacts()
        facts.freeBytes = 1 << 40
        facts.files = [FileFacts(name: "db", mode: 0o600, user: 0)]
        change(&facts)
        return HealthReport(facts).findings.first { $0.name == name }
    }

    @Test("a file that is well")
    func well() {
        var facts = HealthFacts()
        facts.freeBytes = 1 << 40
        facts.files = [FileFacts(name: "db", mode: 0o600, user: 0)]
        let report = HealthReport(facts)
        #expect(report.level == .ok, "\(report.findings)")
        #expect(report.findings.count == 10)
    }

    @Test("the library: the bug is named, and what keeps it away")
    func library() {
        #expect(finding("library") { _ in }?.words.contains("checkpoint lock") == true)
        #expect(finding("library") { $0.sqliteNumber = 3_051_003 }?.words.contains("without") == true)
        #expect(finding("library") { $0.isThreadsafe = false }?.level == .problem)
        #expect(SQLiteLibrary.hasWALResetBug(3_007_000) && SQLiteLibrary.hasWALResetBug(3_051_002))
        #expect(!SQLiteLibrary.hasWALResetBug(3_006_999) && !SQLiteLibrary.hasWALResetBug(3_051_003))
    }

    @Test("where the file lies")
    func place() {
        #expect(finding("file system") { $0.fileSystem = FileSystemKind(number: 0x6969) }?.level == .problem)
        #expect(finding("file system") { $0.fileSystem = FileSystemKind(number: 0x0102_1994) }?.level == .warning)
        #expect(finding("file system") { $0.fileSystem = FileSystemKind(number: 0x4242) }?.level == .warning)
        #expect(finding("file system") { $0.fileSystem = FileSystemKind(number: 0xEF53) }?.level == .ok)
    }

    @Test("space, clock, modes and locks")
    func facts() {
        #expect(finding("disk") { $0.freeBytes = 1 << 20 }?.level == .problem)
        #expect(finding("disk") { $0.freeBytes = 512 << 20 }?.level == .warning)
        #expect(finding("log") { $0.walBytes = 65 << 20 }?.level == .warning)
        #expect(finding("disk") { $0.freeBytes = nil }?.level == .warning)
        #expect(finding("clock") { $0.newestRow = 10_000_000 }?.level == .warning)
        #expect(finding("clock") { $0.newestRow = 100_000_000 }?.level == .problem)
        #expect(finding("clock") { $0.newestRow = 1_000_000 }?.level == .ok)
        #expect(finding("files") { $0.files.append(FileFacts(name: "db-wal", mode: 0o644, user: 0)) }?.level == .warning)
        #expect(finding("files") { $0.files.append(FileFacts(name: "db-wal", mode: 0o600, user: 7)) }?.level == .problem)
        #expect(finding("files") { $0.user = 5 }?.level == .warning)
        #expect(finding("locks") { $0.isCheckpointStuck = true }?.level == .problem)
        let held = finding("locks") { facts in
            facts.isCheckpointHeld = true
            facts.stopped = [7]
        }
        #expect(held?.level == .problem)
        #expect(held?.words.contains("process 7 is stopped") == true)
        #expect(finding("locks") { $0.isCheckpointHeld = true }?.level == .ok, "others write without a pause")
        #expect(finding("locks") { $0.stopped = [7] }?.level == .warning)
        let long = finding("log") { facts in
            facts.walBytes = 100 << 20
            facts.logReaders = [7, 8]
        }
        #expect(long?.words.contains("processes 7, 8 read an old state") == true)
        #expect(finding("log") { $0.walBytes = 64 << 20 }?.level == .ok)
        #expect(finding("pragmas") { $0.journalMode = "delete" }?.level == .problem)
        #expect(finding("pragmas") { $0.pageSize = 1_024 }?.level == .warning)
        #expect(finding("pragmas") { $0.pageSize = 8_192 }?.level != .warning, "as earlier versions made them")
        let frozen = finding("pragmas") { facts in
            facts.journalMode = "delete"
            facts.isFrozen = true
        }
        #expect(frozen?.level == .ok)
        #expect(finding("database") { $0.trouble = "damaged" }?.level == .problem)
    }

    @Test("P10: a consumer without the lock is found")
    func second() {
        let run = HealthFacts.Run(pid: 7, isEnded: false, isClean: false)
        let lost = finding("consumer") { facts in
            facts.newestRun = run
            facts.openIn = [7]
        }
        #expect(lost?.level == .problem)
        let dead = finding("consumer") { $0.newestRun = run }
        #expect(dead?.level == .warning)
        let running = finding("consumer") { facts in
            facts.newestRun = run
            facts.openIn = [7]
            facts.owner = 7
        }
        #expect(running?.level == .ok)
        let two = finding("consumer") { facts in
            facts.newestRun = HealthFacts.Run(pid: 8, isEnded: false, isClean: false)
            facts.openRuns = [7, 8, 9]
            facts.openIn = [7, 8]
            facts.owner = 8
        }
        #expect(two?.level == .problem)
        #expect(two?.words.contains("process 7 ") == true && two?.words.contains("process 8") == true)
        #expect(finding("work") { $0.parkedLanes = 2 }?.level == .warning)
        #expect(finding("work") { $0.paused = "disk full" }?.level == .problem)
        let waits: [(HealthReport.Level, String, (inout HealthFacts) -> Void)] = [
            (.problem, "handlers cannot run: no php", { $0.work.trouble = .init(reason: "no php", since: 1) }),
            (.problem, "2 of 2 handlers", { $0.work.held = .init(count: 2, handlers: 2, messages: []) }),
            (.warning, "1 of 2 handlers", { $0.work.held = .init(count: 1, handlers: 2, messages: []) }),
            (.problem, "topic a is tried", { $0.work.probed = [ProbedTopic(topic: "a", cause: "x", since: 1)] }),
            (.warning, "refused", { $0.work.centerTrouble = .init(reason: "refused", since: 1) }),
            (
                .warning, "everything is paused by hand, and not popped, by me: why",
                { $0.pausesByHand = [TopicPause(topic: nil, holdsIntake: true, since: 1, actor: "me", reason: "why")] }
            ),
        ]
        for (level, words, change) in waits {
            let found = finding("work", change)
            #expect(found?.level == level)
            #expect(found?.words.contains(words) == true, "\(found?.words ?? "")")
        }
    }

    @Test("P10: files and lock files that were removed or replaced beneath a process are problems")
    func names() {
        #expect(finding("names") { _ in } == nil)
        #expect(finding("names") { $0.openRemoved = [7] }?.words.contains("process 7") == true)
        let lock = finding("locks") { facts in
            facts.hasLockFile = false
            facts.lockRemoved = [7]
        }
        #expect(lock?.level == .problem)
        let replaced = finding("locks") { facts in
            facts.lockRemoved = [7]
            facts.owner = 8
        }
        #expect(replaced?.level == .problem)
    }
}
