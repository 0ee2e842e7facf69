import ConnmixDevEngine
import FoundationEssentials
import Glibc
import Logging
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("files that go away beneath a consumer", .timeLimit(.minutes(1)))
struct FileLossTests {
    private static func consumer(_ configuration: ConsumerConfiguration, _ handlers: Handlers = echo) -> ConnmixConsumer {
        return ConnmixConsumer(configuration: configuration, handlers: handlers, logger: .quiet)
    }

    /// Runs a consumer until it ends by itself, which `harm` is to bring about.
    ///
    /// - Returns: what it threw, and what it told of its files.
    private static func run(
        _ consumer: ConnmixConsumer, until harm: () async throws -> Void
    ) async throws -> (error: ConnmixError?, told: [String], took: Duration) {
        try await withThrowingTaskGroup(of: ConnmixError?.self) { group in
            group.addTask {
                do {
                    try await consumer.run()
                    return nil
                } catch { return error as? ConnmixError }
            }
            try await harm()
            let start = ContinuousClock.now
            var told: [String] = []
            for await event in consumer.events { if case .fileLost(let reason) = event { told.append(reason) } }
            let error = try await group.next() ?? nil
            return (error, told, .now - start)
        }
    }

    enum Harm: String, CaseIterable {
        case lockRemoved
        case lockReplaced
        case databaseRemoved
        case databaseReplaced
        case logRemoved
        case indexRemoved

        func happen(_ path: String) throws {
            switch self {
            case .lockRemoved: unlink(path + ".lock")
            case .lockReplaced:
                try Data("1 1\n".utf8).write(to: URL(fileURLWithPath: path + ".new"))
                rename(path + ".new", path + ".lock")
            case .databaseRemoved: unlink(path)
            case .databaseReplaced: rename(path + ".other", path)
            case .logRemoved: unlink(path + "-wal")
            case .indexRemoved: unlink(path + "-shm")
            }
        }
    }

    @Test("P10: an idle consumer ends within a second, saying what happened", arguments: Harm.allCases)
    func idle(harm: Harm) async throws {
        try await withTemporaryDatabase { path in
            try await withDevEngine { engine in
                if harm == .databaseReplaced {
                    await (try Store(path: path + ".other")).close()
                }
                let other = try? Data(contentsOf: URL(fileURLWithPath: path + ".other"))
                let consumer = Self.consumer(testConfiguration(path, engine))
                let user = try await engine.connectEndUser()
                let (error, told, took) = try await Self.run(consumer) {
                    try await user.send("hello")
                    try await engine.waitUntil { $0.delivered == 1 }
                    try harm.happen(path)
                }
                #expect(error?.code == .fileLost)
                #expect(told.count == 1)
                #expect(error?.message.hasPrefix(told.first ?? "?") == true)
                #expect(took < .seconds(4))
                switch harm {
                case .databaseRemoved:
                    #expect(access(path, F_OK) != 0)
                    #expect(DatabaseFile(path: path).size().log == 0)
                case .databaseReplaced:
                    // Nothing of the old file's log is taken for the new one's.
                    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == other)
                    #expect(DatabaseFile(path: path).size().log == 0)
                    #expect(try DatabaseMaintenance(database: path).check().problems == [])
                case .lockRemoved, .lockReplaced, .logRemoved, .indexRemoved:
                    #expect(try DatabaseMaintenance(database: path).check().problems == [])
                    #expect(try Inspector(database: path).status().journal[.done] == 1)
                    #expect(try Inspector(database: path).runs().map(\.end) == [.clean])
                }
            }
        }
    }

    @Test(
        "P2, P10: a second consumer after the lock file was removed: the first one ends, and no message is lost or handled twice")
    func second() async throws {
        try await withTemporaryDatabase { path in
            try await withDevEngine { engine in
                let counts = Locked<[Int64: Int]>([:])
                let handlers = Handlers(all: { message, context in
                    counts.withLock { $0[message.id, default: 0] += 1 }
                    try context.meshSend(to: message.client, message.text ?? "")
                })
                let first = Self.consumer(testConfiguration(path, engine), handlers)
                let feed = try await engine.feed(count: 3_000, clients: 20, perSecond: 1_000)
                let (error, told, _) = try await Self.run(first) {
                    try await feed.waitUntil(answered: 500)
                    unlink(path + ".lock")
                    // In this process, where it cannot know that the other one is its own: the lock is free.
                    let second = Self.consumer(testConfiguration(path, engine), handlers)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await second.run() }
                        try await feed.waitUntil(answered: 3_000)
                        group.cancelAll()
                        try await group.waitForAll()
                    }
                }
                #expect(error?.code == .fileLost)
                #expect(told.count == 1)
                let (handled, twice) = counts.withLock { ($0.count, $0.values.count { $0 > 1 }) }
                #expect(handled == 3_000)
                #expect(twice == 0)
                #expect(try LedgerCounts(path).done == 3_000)
                #expect(try DatabaseMaintenance(database: path).check().problems == [])
            }
        }
    }

    @Test(
        "P10: a newer run in the file ends the older one, whatever the lock says; new messages are kept, and nothing else is written"
    )
    func takenOver() async throws {
        try await withTemporaryDatabase { path in
            try await withDevEngine { engine in
                let (door, opener) = AsyncStream<Void>.makeStream()
                let tally = Tally()
                let handlers = Handlers(all: { message, context in
                    tally.handled(message.id)
                    for await _ in door {}
                    try context.meshSend(to: message.client, "never")
                })
                var configuration = testConfiguration(path, engine)
                configuration.concurrency = 2
                let user = try await engine.connectEndUser()
                let other = try await engine.connectEndUser()
                let (error, told, _) = try await Self.run(Self.consumer(configuration, handlers)) {
                    try await user.send("one")
                    try await other.send("two")
                    await tally.wait(for: 2)
                    try SharedStore(path: path).write(.records) {
                        _ = try RunTable.begin($0, pid: 77, version: "", handlerVersion: nil, synchronous: .full)
                    }
                }
                opener.finish()
                #expect(error?.code == .fileLost)
                #expect(told.first?.contains("process 77") == true)
                let counts = try LedgerCounts(path)
                #expect(counts.claimed == 2)
                #expect(counts.done == 0)
                #expect(counts.openCommands == 0)
                #expect(try Inspector(database: path).runs().map(\.pid).contains(77))
            }
        }
    }

    @Test(
        "P8, P10: it is noticed while the disk is full, and what is in memory is said to be lost",
        .enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here; it takes root"))
    func inTrouble() async throws {
        try await withSmallDisk(megabytes: 16) { disk in
            try await withDevEngine { engine in
                var configuration = testConfiguration(disk.database, engine)
                configuration.diskHeadroom = 0
                let user = try await engine.connectEndUser()
                let consumer = Self.consumer(configuration)
                var error: ConnmixError?
                (error, _, _) = try await Self.run(consumer) {
                    try await user.send("hello")
                    try await engine.waitUntil { $0.delivered == 1 }
                    // They flow when it fills up, so that some are read and cannot be written.
                    _ = try await engine.feed(count: 100_000, clients: 20, perSecond: 4_000)
                    // Handed out and not answered: on a slow machine what comes in may fill the disk before the first answer.
                    try await engine.waitUntil { $0.delivered > 100 }
                    try disk.fill()
                    for await event in consumer.events { if case .paused = event { break } }
                    unlink(disk.database)
                }
                #expect(error?.code == .fileLost)
                #expect(error?.message.contains("messages that were not committed are lost") == true, "\(error?.message ?? "")")
            }
        }
    }

    @Test(
        "a file on a read-only mount is inspected: with nothing beside it, and with what a killed consumer left",
        .enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here; it takes root"))
    func readOnly() async throws {
        try await withSmallDisk(megabytes: 16) { disk in
            let (data, view) = (disk.folder + "/data", disk.folder + "/view")
            for folder in [data, view] { mkdir(folder, 0o700) }
            func withView(_ body: (String) throws -> Void) throws {
                #expect(mount(data, view, nil, UInt(MS_BIND), nil) == 0)
                defer { umount2(view, Int32(MNT_DETACH)) }
                #expect(mount(nil, view, nil, UInt(MS_REMOUNT | MS_BIND | MS_RDONLY), nil) == 0)
                try body(view + "/db")
            }
            let path = data + "/db"
            let store = try Store(path: path)
            _ = try SharedOutbox(database: path).enqueue(.meshPublish(to: "a", "b"))
            try withView { (path: String) throws in #expect(try Inspector(database: path).status().consumer.pid == getpid()) }
            await store.close()
            for end in ["-wal", "-shm", ".lock"] { unlink(path + end) }
            try withView { (path: String) throws in
                #expect(try Inspector(database: path).status().outbox[.pending] == 1)
                #expect(try Inspector(database: path).commands(.init()).count == 1)
                #expect(try DatabaseMaintenance(database: path).check().problems == [])
                #expect(try DatabaseMaintenance(database: path).info().pages > 0)
                #expect(try DatabaseDoctor(database: path).examine().findings.allSatisfy { $0.name != "database" })
                let doings: [() throws -> Void] = [
                    { _ = try SharedOutbox(database: path).enqueue(.meshPublish(to: "a", "c")) }, { _ = try Store(path: path) },
                ]
                for doing in doings {
                    let error = #expect(throws: ConnmixError.self) { try doing() }
                    #expect(error?.code == .noPermission)
                    #expect(error?.message.contains("read-only file system") == true, "\(error?.message ?? "")")
                }
            }
            // A log that was never moved: first with its index, then without, where it cannot be read and that is said.
            do {
                let transaction = Transaction(try DatabaseFile(path: path).openForChanges())
                try transaction.run { try ChangeMark.records.count($0) }
            }
            #expect(DatabaseFile(path: path).size().log > 0)
            try withView { (path: String) throws in #expect(try Inspector(database: path).status().outbox[.pending] == 1) }
            unlink(path + "-shm")
            try withView { (path: String) throws in
                let error = #expect(throws: ConnmixError.self) { try Inspector(database: path) }
                #expect(error?.code == .noPermission)
                #expect(error?.message.contains("-shm is missing") == true, "\(error?.message ?? "")")
            }
        }
    }
}
