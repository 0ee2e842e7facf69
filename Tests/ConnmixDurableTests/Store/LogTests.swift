import Dispatch
import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("the log, whoever writes")
struct LogTests {
    private func logBytes(_ path: String) -> Int64 { DatabaseFile(path: path).size().log }

    /// A MiB, which is 128 pages and some.
    private func writeMuch(_ store: SharedStore) throws {
        try store.write(.records) { transaction in
            try transaction.connection.execute(
                "CREATE TABLE IF NOT EXISTS much (x BLOB) STRICT; INSERT INTO much VALUES (randomblob(1048576))")
        }
    }

    /// Runs `body` on threads of their own until `isOver` is set.
    private func onThreads(_ count: Int, _ isOver: Flag, _ body: @escaping @Sendable () throws -> Void) -> DispatchGroup {
        let group = DispatchGroup()
        for number in 0..<count {
            // Threads of their own: those of the global queue are the ones that the test itself needs to go on.
            DispatchQueue(label: "writer \(number)").async(group: group) {
                while !isOver.isSet { try? body() }
            }
        }
        return group
    }

    @Test("the owner looks after a log that only others write")
    func owner() async throws {
        try await withStore { store in
            let other = try SharedStore(path: store.path)
            // It is checkpointed at 32 MiB, or as soon as one that commits lets it through.
            var written: Int64 = 0
            while written - logBytes(store.path) < 32 << 20, written < 500 << 20 {
                try writeMuch(other)
                try await store.writer.write { _ in }  // what a consumer does several times a second
                written += 1 << 20
            }
            #expect(written < 500 << 20, "the log was never started over")
            #expect(try store.read { try $0.text("PRAGMA integrity_check") } == "ok")
        }
    }

    @Test("where nobody owns the file, whoever writes looks after the log")
    func noOwner() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            await (try Store(path: path)).close()
            let other = try SharedStore(path: path)
            for _ in 0..<40 { try writeMuch(other) }
            #expect(logBytes(path) < 16 << 20)
            #expect(try other.read { try $0.text("PRAGMA integrity_check") } == "ok")
        }
    }

    @Test("many small commits without an owner, the usual kind: the log stays small")
    func smallCommits() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            await (try Store(path: path)).close()
            let outbox = try SharedOutbox(database: path)
            for _ in 0..<500 { try outbox.enqueue(.meshPublish(to: "r", "x")) }
            // 500 of them would be 19 MiB.
            #expect(logBytes(path) < 12 << 20)
        }
    }

    @Test("P10: nobody but the owner checkpoints while there is one, and one that starts waits for a checkpoint that has begun")
    func exclusion() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            let owner = try Store(path: path)
            let whileOwned = try tryToCheckpoint(path)
            #expect(!whileOwned)
            await owner.close()
            let start = Start(path)
            let ran = try checkpoint(path, whileStarting: start)
            #expect(ran)
            let store = await start.store()
            #expect(store != nil)
            await store?.close()
        }
    }

    private func tryToCheckpoint(_ path: String) throws -> Bool {
        try FileLock(database: path).checkpointingWithoutOwner(within: .seconds(1)) {}
    }

    private func checkpoint(_ path: String, whileStarting start: Start) throws -> Bool {
        let writer = try FileLock(database: path)
        return try writer.checkpointingWithoutOwner(within: .seconds(1)) {
            start.begin()
            // It has the ownership, and does not go on.
            while !writer.isHeldElsewhere(.owner) { usleep(1_000) }
            usleep(50_000)
            #expect(!start.isDone)
        }
    }

    /// An owner that starts on a thread of its own.
    private final class Start: Sendable {
        private let path: String
        private let done = Flag()
        private let stream: AsyncStream<Store?>
        private let continuation: AsyncStream<Store?>.Continuation

        init(_ path: String) {
            self.path = path
            (stream, continuation) = AsyncStream.makeStream()
        }

        var isDone: Bool { done.isSet }

        func begin() {
            DispatchQueue.global().async {
                let store = try? Store(path: self.path)
                self.done.set()
                self.continuation.yield(store)
            }
        }

        func store() async -> Store? { await stream.first { _ in true } ?? nil }
    }

    @Test("writers without a pause do not starve a checkpoint: it goes first")
    func turnstile() async throws {
        try await withStore { store in
            let path = store.path
            let isOver = Flag()
            let commits = Locked(0)
            let group = onThreads(3, isOver) {
                // As SharedStore does: a descriptor a commit.
                try FileLock(database: path).committing(within: .seconds(5)) { usleep(2_000) }
                commits.withLock { $0 += 1 }
            }
            let owner = try FileLock(database: path)
            var through = 0
            for _ in 0..<36 {
                if (try? owner.checkpointing(within: .milliseconds(250), {})) != nil { through += 1 }
                usleep(5_000)
            }
            isOver.set()
            group.wait()
            #expect(through == 36)
            #expect(commits.withLock { $0 } > 36)
        }
    }

    @Test("an owner that others keep waiting asks for its turn, gets it, and gives it back")
    func ownersTurn() async throws {
        try await withStore { store in
            let file = DatabaseFile(path: store.path)
            let other = try file.openForChanges()
            let (owner, visitor) = (try FileLock(database: store.path), try FileLock(database: store.path))
            try other.run("BEGIN IMMEDIATE")
            let sawTurn = Flag()
            let isOver = Flag()
            let group = onThreads(1, isOver) {
                guard !sawTurn.isSet, visitor.isHeldElsewhere(.turnstile) else {
                    usleep(200)
                    return
                }
                sawTurn.set()
            }
            let connection = try file.openForChanges()
            var asked = 0
            try connection.begin {
                asked += 1
                let hasTurn = owner.tryLock(.turnstile, exclusive: true)
                #expect(hasTurn)
                while !sawTurn.isSet { usleep(200) }
                try? other.run("ROLLBACK")
            }
            #expect(asked == 1)
            try connection.run("ROLLBACK")
            owner.unlock(.turnstile)
            // The same through a transaction: whoever holds the file lets go once the turnstile is taken.
            try other.run("BEGIN IMMEDIATE")
            let holder = Holder(other)
            let free = onThreads(1, isOver) {
                if visitor.isHeldElsewhere(.turnstile) { holder.letGo() } else { usleep(200) }
            }
            try Transaction(connection, lock: owner).run { _ in }
            #expect(holder.hasLetGo)
            #expect(!visitor.isHeldElsewhere(.turnstile))
            isOver.set()
            group.wait()
            free.wait()
        }
    }

    /// A transaction of another process, so to speak.
    private final class Holder: Sendable {
        private nonisolated(unsafe) let connection: Connection
        private let state = Locked(false)

        init(_ connection: Connection) { self.connection = connection }

        var hasLetGo: Bool { state.withLock { $0 } }

        func letGo() {
            state.withLock { hasLetGo in
                if !hasLetGo { try? connection.run("ROLLBACK") }
                hasLetGo = true
            }
        }
    }

    @Test("a checkpoint waits for readers that are about to leave, and the log starts over")
    func startsOver() async throws {
        try await withStore { store in
            let file = DatabaseFile(path: store.path)
            let (writer, reader) = (try file.openForChanges(), try file.openForReading())
            try writer.execute("CREATE TABLE much (x BLOB) STRICT; INSERT INTO much VALUES (randomblob(1048576))")
            try reader.execute("BEGIN")
            _ = try reader.integer("SELECT count(*) FROM much")
            try writer.execute("INSERT INTO much VALUES (randomblob(1048576))")
            try writer.startLogOver(within: 1)
            let held = try #require(writer.log())
            #expect(held.moved < held.pages)
            let holder = Holder(reader)
            let isOver = Flag()
            let group = onThreads(1, isOver) { holder.letGo() }
            try writer.startLogOver(within: 5_000)
            let over = try #require(writer.log())
            #expect(over.moved == over.pages)
            isOver.set()
            group.wait()
        }
    }

    @Test("two that enqueue without a pause beside an owner: the log stays small")
    func busyWriters() async throws {
        try await withStore { store in
            let path = store.path
            let isOver = Flag()
            let group = onThreads(2, isOver) {
                try SharedOutbox(database: path).enqueue((0..<20).map { _ in try .meshPublish(to: "r", "x") })
            }
            var most: Int64 = 0
            while try store.read({ try $0.integer("SELECT count(*) FROM outbox") }) < 12_000 {
                try await store.writer.write { _ in }
                most = max(most, logBytes(path))
            }
            isOver.set()
            group.wait()
            #expect(most < 24 << 20)
        }
    }

    @Test("a process that was stopped at the turnstile delays others, and stops nobody")
    func stoppedAtTheTurnstile() async throws {
        try await withStore { store in
            let stopped = try FileLock(database: store.path)
            #expect(stopped.tryLock(.turnstile, exclusive: true))
            let other = try FileLock(database: store.path)
            #expect(try other.committing(within: .milliseconds(100)) { true })
            #expect(try other.checkpointing(within: .milliseconds(100)) { true })
            #expect(throws: ConnmixError.self) {
                _ = stopped.tryLock(.checkpoint, exclusive: true)
                try other.committing(within: .milliseconds(100)) {}
            }
        }
    }

    @Test("the log of a held snapshot grows: it is told of, with the reader; and it gives its room back when the reader is gone")
    func heldSnapshot() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            let (news, continuation) = AsyncStream<(LogKeeper.News, String)>.makeStream()
            let store = try Store(
                path: path, synchronous: .normal,
                onLog: { news, _, why in if let news { continuation.yield((news, why)) } })
            nonisolated(unsafe) var reader: Connection? = try DatabaseFile(path: path).openForReading()
            try reader?.execute("BEGIN")
            _ = try reader?.integer("SELECT count(*) FROM journal")
            for _ in 0..<70 {
                try await store.writer.write { transaction in
                    try transaction.connection.execute(
                        "CREATE TABLE IF NOT EXISTS much (x BLOB) STRICT; INSERT INTO much VALUES (zeroblob(1048576))")
                }
            }
            #expect(logBytes(path) > LogKeeper.bound)
            let isOver = Flag()
            // A consumer looks several times a second.
            async let looks: Void = {
                while !isOver.isSet {
                    try await store.writer.write { _ in }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }()
            var iterator = news.makeAsyncIterator()
            let grown = await iterator.next()
            if case .grown? = grown?.0 {} else { Issue.record("\(String(describing: grown))") }
            #expect(grown?.1.contains("process \(ProcessInfo.processInfo.processIdentifier) reads") == true)
            let report = try DatabaseDoctor(database: path).examine()
            #expect(report.findings.first { $0.name == "log" }?.level == .warning)
            reader = nil
            let shrunk = await iterator.next()
            if case .shrunk? = shrunk?.0 {} else { Issue.record("\(String(describing: shrunk))") }
            #expect(logBytes(path) < 1 << 20)
            isOver.set()
            try await looks
            await store.close()
        }
    }
}

final class Flag: Sendable {
    private let value = Locked(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}
