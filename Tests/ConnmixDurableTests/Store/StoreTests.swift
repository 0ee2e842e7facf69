import Dispatch
import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import ConnmixDurable

/// A store for one test. Trouble that it tells of is the test's failure.
///
/// - Parameter expected: kinds of trouble that the test makes on purpose.
func withStore<T>(troubles expected: Set<ConnmixError.Code> = [], _ body: (Store) async throws -> T) async throws -> T {
    try await withFolder { folder in
        let store = try Store(
            path: folder + "/test.sqlite3",
            onTrouble: { error in
                if !expected.contains(error.code) { Issue.record(error, "the store told of trouble") }
            })
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }
}

@Suite("the store")
struct StoreTests {
    @Test("the file is ours, private, in WAL mode, at the newest version, with the pragmas that were asked for")
    func opened() async throws {
        try await withStore { store in
            let facts = try await store.writer.write { transaction in
                [
                    try transaction.connection.text("PRAGMA journal_mode"),
                    "\(try transaction.connection.integer("PRAGMA synchronous"))",
                    "\(try transaction.connection.integer("PRAGMA application_id"))",
                    "\(try transaction.connection.integer("PRAGMA user_version"))",
                    "\(try transaction.connection.integer("PRAGMA wal_autocheckpoint"))",
                    "\(try transaction.connection.integer("PRAGMA page_size"))",
                ]
            }
            #expect(facts == ["wal", "2", "\(Migrator.applicationID)", "\(Migration.all.count)", "0", "4096"])
            for suffix in ["", "-wal", "-shm", ".lock"] {
                let mode = try FileManager.default.attributesOfItem(atPath: store.path + suffix)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(suffix)")
            }
        }
    }

    @Test("P10: one file has one owner, and the second is told who")
    func ownership() async throws {
        try await withStore { store in
            let path = store.path
            let error = #expect(throws: ConnmixError.self) { _ = try Store(path: path) }
            #expect(error?.code == .busy)
            #expect(error?.message.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
            let owner = try SharedStore(path: store.path).owner()
            #expect(owner?.pid == ProcessInfo.processInfo.processIdentifier)
        }
        try await withFolder { folder in
            let path = folder + "/a.sqlite3"
            await (try Store(path: path)).close()
            #expect(try SharedStore(path: path).owner() == nil)
            await (try Store(path: path)).close()
        }
    }

    @Test("P8: the lock file says why nothing is taken, in a place of its own that needs no new block")
    func pauseBesideTheFile() async throws {
        try await withStore { store in
            let path = store.path
            func size() throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: path + ".lock")[.size] as? Int
            }
            let before = try size()
            #expect(FileLock.pause(database: path) == (true, nil))
            store.show(paused: "the disk\nis \u{1B}full")
            #expect(FileLock.pause(database: path) == (true, "the disk is  full"))
            store.show(paused: String(repeating: "é", count: 2_000))
            #expect(FileLock.pause(database: path).reason?.hasPrefix("éé") == true)
            #expect(try SharedStore(path: path).owner()?.pid == ProcessInfo.processInfo.processIdentifier)
            store.show(paused: nil)
            #expect(FileLock.pause(database: path) == (true, nil))
            #expect(try size() == before)
            // As an older version writes it.
            try Data("17 1700000000\n".utf8).write(to: URL(fileURLWithPath: path + ".other.lock"))
            #expect(FileLock.pause(database: path + ".other") == (false, nil))
        }
    }

    @Test("what is not ours is refused with one clear line, and left as it was")
    func foreign() async throws {
        try await withFolder { folder in
            func code(_ path: String) -> ConnmixError.Code? {
                do {
                    _ = try Store(path: path)
                    return nil
                } catch { return (error as? ConnmixError)?.code }
            }
            #expect(code(folder) == .foreignDatabase)
            #expect(code(folder + "/missing/a.sqlite3") == .cannotCreate)
            let text = folder + "/text.sqlite3"
            try Data(String(repeating: "no database ", count: 100).utf8).write(to: URL(fileURLWithPath: text))
            #expect(code(text) == .foreignDatabase)
            #expect(try Data(contentsOf: URL(fileURLWithPath: text)).count == 1_200)
            let other = folder + "/other.sqlite3"
            try Connection(path: other, mode: .create).execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
            #expect(code(other) == .foreignDatabase)
            #expect(try Connection(path: other, mode: .read).integer("SELECT count(*) FROM sqlite_schema") == 1)
            #expect(try Connection(path: other, mode: .read).integer("SELECT x FROM t") == 1)
            #expect(code("") == .invalidConfiguration)
            let error = #expect(throws: ConnmixError.self) { try SharedStore(path: folder + "/none.sqlite3") }
            #expect(error?.code == .noSuchDatabase)
            #expect(!FileManager.default.fileExists(atPath: folder + "/none.sqlite3.lock"))
        }
    }

    @Test("a bad operation fails alone; its neighbours are committed")
    func badOperation() async throws {
        try await withStore { store in
            struct Bad: Error {}
            let gate = Gate()
            let entered = DispatchSemaphore(value: 0)
            let results = Locked<[Int: Result<Void, any Error>]>([:])
            let calls = Locked<[Int: Int]>([:])
            let (ends, end) = AsyncStream<Void>.makeStream()
            func submit(_ number: Int, _ body: @escaping @Sendable (Transaction) throws -> Void) {
                store.writer.submit(
                    ClosureOperation(body) { result in
                        results.withLock { $0[number] = result }
                        end.yield()
                    })
            }
            // While the writer stands in the first one, all others gather, and are one batch.
            submit(-1) { _ in
                entered.signal()
                gate.wait()
            }
            entered.wait()
            for pid in 0..<20 {
                submit(pid) { transaction in
                    calls.withLock { $0[pid, default: 0] += 1 }
                    _ = try RunTable.begin(transaction, pid: Int64(pid), version: "", handlerVersion: nil, synchronous: .full)
                    if pid == 7 { throw Bad() }
                }
            }
            gate.open()
            var ended = 0
            for await _ in ends {
                ended += 1
                if ended == 21 { break }
            }
            let failures = results.withLock { $0.filter { (try? $0.value.get()) == nil }.map(\.key) }
            #expect(failures == [7])
            #expect(results.withLock { if case .failure(let error)? = $0[7] { error is Bad } else { false } })
            #expect(calls.withLock { calls in (0..<20).map { calls[$0] ?? 0 } } == (0..<20).map { $0 <= 7 ? 2 : 1 })
            let (bad, all) = try store.read { connection in
                (
                    try connection.integer("SELECT count(*) FROM run WHERE pid = 7"),
                    try connection.integer("SELECT count(*) FROM run")
                )
            }
            #expect(bad == 0)
            #expect(all == 19)
        }
    }

    @Test("the writer commits everything that was submitted before it stops, and takes nothing afterwards")
    func stop() async throws {
        try await withFolder { folder in
            let store = try Store(path: folder + "/a.sqlite3")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for pid in 0..<200 {
                    group.addTask {
                        _ = try await store.writer.write {
                            try RunTable.begin($0, pid: Int64(pid), version: "", handlerVersion: nil, synchronous: .full)
                        }
                    }
                }
                try await group.waitForAll()
            }
            await store.close()
            let error = await #expect(throws: ConnmixError.self) { try await store.writer.write { _ in } }
            #expect(error?.code == .stopped)
            #expect(try SharedStore(path: store.path).read { try $0.integer("SELECT count(*) FROM run") } == 200)
        }
    }

    @Test("ids are never used twice, also when another process inserts or a transaction rolls back")
    func ids() async throws {
        try await withStore { store in
            @Sendable func append(_ transaction: Transaction) throws -> Int64 {
                let id = try transaction.nextID(.journal)
                try [UInt8]("{}".utf8).withUnsafeBytes {
                    try JournalTable.append(
                        transaction, id: id, state: .pending, run: 1, topic: "t", node: "n", client: "c", clientIsNumber: false,
                        receivedAt: 1, data: $0)
                }
                return id
            }
            struct Stop: Error {}
            let first = try await store.writer.write { try append($0) }
            let second = try SharedStore(path: store.path).write(.journal) { try append($0) }
            #expect([first, second] == [1, 2])
            await #expect(throws: Stop.self) {
                try await store.writer.write { transaction in
                    _ = try append(transaction)
                    throw Stop()
                }
            }
            #expect(try await store.writer.write { try append($0) } == 3)
            #expect(try store.read { try $0.integer("SELECT n FROM counter WHERE ledger = 1 AND state = 2") } == 3)
        }
    }

    @Test("a savepoint's failure undoes its own rows and counts, and nothing else")
    func savepoint() async throws {
        try await withStore { store in
            struct Bad: Error {}
            try await store.writer.write { transaction in
                transaction.count(1, to: 8, in: .outbox)
                #expect(throws: Bad.self) {
                    try transaction.savepoint {
                        _ = try RunTable.begin(transaction, pid: 1, version: "", handlerVersion: nil, synchronous: .full)
                        transaction.count(5, to: 8, in: .outbox)
                        throw Bad()
                    }
                }
            }
            #expect(try store.read { try $0.integer("SELECT count(*) FROM run") } == 0)
            #expect(try store.read { try $0.integer("SELECT n FROM counter WHERE ledger = 2 AND state = 8") } == 1)
        }
    }

    @Test("the log is checkpointed between commits and does not grow without end")
    func checkpoints() async throws {
        try await withStore { store in
            let blob = [UInt8](repeating: 7, count: 100_000)
            for _ in 0..<1_000 {
                try await store.writer.write { transaction in
                    let id = try transaction.nextID(.journal)
                    try blob.withUnsafeBytes {
                        try JournalTable.append(
                            transaction, id: id, state: .done, run: 1, topic: "t", node: "n", client: "c", clientIsNumber: false,
                            receivedAt: 1, data: $0)
                    }
                }
            }
            let size = try FileManager.default.attributesOfItem(atPath: store.path + "-wal")[.size] as? Int ?? 0
            #expect(size < 60_000_000)
            #expect(try store.read { try $0.text("PRAGMA integrity_check") } == "ok")
        }
    }
}

/// Holds a thread until it is opened.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() { semaphore.signal() }

    /// Passes at once when it was opened before, any number of times.
    func wait() {
        semaphore.wait()
        semaphore.signal()
    }

    @Test("what is written into a file that is replaced meanwhile is not confirmed")
    func replaced() async throws {
        try await withFolder { folder in
            let (path, copy) = (folder + "/db", folder + "/copy")
            for path in [path, copy] { await (try Store(path: path)).close() }
            let outbox = try SharedStore(path: path)
            let error = #expect(throws: ConnmixError.self) {
                try outbox.write(.newCommands) { _ in _ = rename(copy, path) }
            }
            #expect(error?.code == .fileLost)
            #expect(error?.message.contains("may not be in it") == true)
            try outbox.write(.newCommands) { _ in }
        }
    }
}
