/// What ``DatabaseDoctor`` found, line by line.
public struct HealthReport: Sendable, Equatable {
    /// How bad a finding is, from the best to the worst.
    public enum Level: String, Sendable, CaseIterable {
        /// Nothing to do.
        case ok
        /// It works, and may not for long or not as it should.
        case warning
        /// It does not work, or messages may be lost.
        case problem
    }

    /// One thing that was looked at.
    public struct Finding: Sendable, Equatable {
        /// What was looked at, in a word or two.
        public let name: String
        /// How bad it is.
        public let level: Level
        /// What was found and, where it is not well, what to do.
        public let words: String
    }

    /// What was looked at, in a fixed order; what is well is there too.
    public private(set) var findings: [Finding] = []

    /// The worst of all findings.
    public var level: Level {
        Level.allCases.last { level in findings.contains { $0.level == level } } ?? .ok
    }

    init(_ facts: HealthFacts) {
        library(facts)
        if let trouble = facts.trouble {
            add("database", .problem, trouble)
        } else {
            pragmas(facts)
            clock(facts)
        }
        place(facts)
        space(facts)
        log(facts)
        modes(facts)
        locks(facts)
        lost(facts)
        if facts.trouble == nil {
            consumers(facts)
            work(facts)
        }
    }

    private mutating func add(_ name: String, _ level: Level, _ words: String) {
        findings.append(Finding(name: name, level: level, words: words))
    }

    private mutating func library(_ facts: HealthFacts) {
        guard facts.isThreadsafe else {
            return add("library", .problem, "SQLite \(facts.sqliteVersion) was built without threads; use Debian's library")
        }
        let hasBug = SQLiteLibrary.hasWALResetBug(facts.sqliteNumber)
        add(
            "library", .ok,
            hasBug
                ? "SQLite \(facts.sqliteVersion) has the WAL-reset bug (3.7.0 to 3.51.2); the checkpoint lock keeps it away, as long as nothing but connmix-durable writes the file"
                : "SQLite \(facts.sqliteVersion), without the WAL-reset bug")
    }

    private mutating func pragmas(_ facts: HealthFacts) {
        guard facts.journalMode == "wal" || facts.isFrozen else {
            return add(
                "pragmas", .problem,
                "journal_mode is \(facts.journalMode) and not wal: another program changed it; start the consumer, which sets it again"
            )
        }
        let text =
            "journal_mode wal, page_size \(facts.pageSize), encoding \(facts.encoding)"
            + (facts.synchronous.map { ", synchronous \($0)" } ?? "")
        // Files of earlier versions have pages of 8 KiB.
        if facts.pageSize != DatabaseFile.pageSize, facts.pageSize != 2 * DatabaseFile.pageSize {
            add("pragmas", .warning, "\(text): pages of \(DatabaseFile.pageSize) are faster; a new file has them")
        } else {
            add("pragmas", .ok, text)
        }
    }

    private mutating func clock(_ facts: HealthFacts) {
        guard let newest = facts.newestRow else { return add("clock", .ok, "no row to compare it with") }
        // A row may have been written while this was read.
        let ahead = (newest - facts.now) / 1_000_000
        guard ahead > 2 else { return add("clock", .ok, "not before the newest row") }
        add(
            "clock", ahead > 60 ? .problem : .warning,
            "the newest row is \(ahead) s in the future: the clock was set back; a consumer brings what waits for a retry to it when it starts, and times that users gave (not-before, expiry) wait for it"
        )
    }

    private mutating func place(_ facts: HealthFacts) {
        switch facts.fileSystem {
        case .local(let name): add("file system", .ok, name)
        case .unknown(let number):
            add(
                "file system", .warning,
                "unknown (0x\(String(number, radix: 16))); it must be local, with locks and shared memory")
        case .memory(let name):
            add("file system", .warning, "\(name) keeps nothing over a power cut; put the file on a disk")
        case .network(let name):
            add("file system", .problem, "\(name): a write-ahead log does not work there; put the file on a local file system")
        }
    }

    private mutating func space(_ facts: HealthFacts) {
        guard let free = facts.freeBytes else {
            return add("disk", .warning, "how much is free cannot be told; look with df")
        }
        let text = "\(free >> 20) MiB free; database \(facts.bytes >> 20) MiB, log \(facts.walBytes >> 20) MiB"
        if free < 128 << 20 {
            add("disk", .problem, "\(text): free some space; the consumer pauses when there is none")
        } else if free < max(1 << 30, facts.bytes / 10) {
            add("disk", .warning, "\(text): free some space before it becomes less")
        } else {
            add("disk", .ok, text)
        }
    }

    private mutating func log(_ facts: HealthFacts) {
        let text = "the log has \(facts.walBytes >> 20) MiB"
        guard facts.walBytes > LogKeeper.bound else { return add("log", .ok, text) }
        let why =
            facts.logReaders.isEmpty
            ? "a consumer that runs shrinks it once nobody reads an old state of it"
            : LogFacts.words(readers: facts.logReaders)
        add("log", .warning, "\(text): \(why)")
    }

    private mutating func modes(_ facts: HealthFacts) {
        let open = facts.files.filter { $0.mode & 0o077 != 0 }
        let owners = Set(facts.files.map(\.user))
        let groups = Set(facts.files.map(\.group))
        // Shared on purpose: a mode that comes about by itself has no rights to write for the group.
        if !facts.files.isEmpty, groups.count == 1, facts.files.allSatisfy({ $0.mode & 0o777 == FileGroup.mode }) {
            return add("files", .ok, "mode 660, shared with a group")
        }
        if owners.count > 1 {
            add(
                "files", .problem, "database, log and lock belong to different users; give them to the consumer's user with chown"
            )
        } else if let first = open.first {
            let names = open.map(\.name).joined(separator: ", ")
            add("files", .warning, "others may read \(names) (mode \(String(first.mode, radix: 8))); chmod 600")
        } else if let owner = owners.first, owner != facts.user {
            add("files", .warning, "they belong to user \(owner) and you are \(facts.user); run as the consumer's user")
        } else {
            add("files", .ok, "mode 600, one owner")
        }
    }

    private mutating func locks(_ facts: HealthFacts) {
        if !facts.lockRemoved.isEmpty {
            let fate = facts.hasLockFile ? "replaced" : "removed"
            add(
                "locks", .problem,
                "\(facts.path).lock was \(fate) and \(Self.list(facts.lockRemoved)) still uses the one before: a second consumer is not kept away; stop it and start it again"
            )
        } else if facts.isCheckpointStuck {
            let who =
                facts.stopped.isEmpty ? "look for a process that is stopped" : Self.areStopped(facts.stopped)
            add("locks", .problem, "the checkpoint lock has been held for a second: \(who)")
        } else if facts.isCheckpointHeld, !facts.stopped.isEmpty {
            add(
                "locks", .problem,
                "\(Self.areStopped(facts.stopped)) and may hold the lock of those who commit: the log cannot be moved meanwhile"
            )
        } else if !facts.stopped.isEmpty {
            add("locks", .warning, "\(Self.areStopped(facts.stopped)), with the file open")
        } else {
            add("locks", .ok, facts.owner.map { "the file is owned by process \($0)" } ?? "nobody owns the file")
        }
    }

    /// A name that leads to another file than somebody uses.
    private mutating func lost(_ facts: HealthFacts) {
        if !facts.openRemoved.isEmpty {
            add(
                "names", .problem,
                "\(Self.list(facts.openRemoved)) uses a file that was \(facts.path) before it was removed or replaced, and what it writes is lost; stop it"
            )
        }
    }

    private static func areStopped(_ processes: Set<Int32>) -> String {
        "\(list(processes)) \(processes.count == 1 ? "is" : "are") stopped"
    }

    private static func list(_ processes: Set<Int32>) -> String {
        let numbers = processes.sorted().map(String.init).joined(separator: ", ")
        return (processes.count == 1 ? "process " : "processes ") + numbers
    }

    private mutating func consumers(_ facts: HealthFacts) {
        var strangers = facts.openRuns.intersection(facts.openIn)
        if let run = facts.newestRun, !run.isEnded, facts.openIn.contains(run.pid) { strangers.insert(run.pid) }
        if let owner = facts.owner { strangers.remove(owner) }
        guard strangers.isEmpty else {
            let lock = "\(facts.path).lock"
            let others = facts.owner.map { "beside process \($0), which holds the lock: there are two owners" }
            return add(
                "consumer", .problem,
                "\(Self.list(strangers)) consumes into the file \(others ?? "and does not hold its lock"): was \(lock) removed or replaced? stop it and start it again"
            )
        }
        guard facts.owner == nil else { return add("consumer", .ok, "one") }
        guard let run = facts.newestRun, !run.isClean else {
            return add("consumer", .ok, "none runs; the last one ended in order")
        }
        add(
            "consumer", .warning,
            "none runs and the last one (process \(run.pid)) ended uncleanly; the next start takes up what it had claimed")
    }

    private mutating func work(_ facts: HealthFacts) {
        let before = findings.count
        if let paused = facts.paused { add("work", .problem, "nothing is taken: \(paused)") }
        if let trouble = facts.work.trouble { add("work", .problem, "handlers cannot run: \(trouble.reason)") }
        if let held = facts.work.held {
            let entries = held.messages.map { "\($0.entry)" }.joined(separator: ", ")
            add(
                "work", held.isAll ? .problem : .warning,
                "\(held.count) of \(held.handlers) handlers have had one message for long (\(entries)); look with status, and end what hangs"
            )
        }
        for outage in facts.work.probed {
            add("work", .problem, "topic \(outage.topic) is tried one message at a time, since all fail with: \(outage.cause)")
        }
        for pause in facts.pausesByHand {
            let what = pause.topic.map { "topic \($0)" } ?? "everything"
            add(
                "work", .warning,
                "\(what) is paused by hand\(pause.holdsIntake ? ", and not popped" : ""), by \(pause.actor)\(pause.reason.map { ": \($0)" } ?? ""); resume lets it go on"
            )
        }
        if let trouble = facts.work.centerTrouble { add("work", .warning, "the centers name no nodes: \(trouble.reason)") }
        if facts.parkedLanes > 0 {
            let stand = facts.parkedLanes == 1 ? "1 lane stands" : "\(facts.parkedLanes) lanes stand"
            add("work", .warning, "\(stand) still behind a dead entry; look with lanes list")
        }
        if findings.count == before { add("work", .ok, "not paused, no parked lanes") }
    }
}
