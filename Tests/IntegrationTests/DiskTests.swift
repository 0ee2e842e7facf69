import ConnmixDevEngine
import Logging
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("disks that fill up", .timeLimit(.minutes(1)))
struct DiskTests {
    /// How often each entry was handed to the handler.
    private final class Runs: Sendable {
        private let counts = Locked<[Int64: Int]>([:])

        func began(_ id: Int64) { counts.withLock { $0[id, default: 0] += 1 } }
        var repeated: Int { counts.withLock { $0.values.count { $0 > 1 } } }
        var count: Int { counts.withLock { $0.count } }
    }

    private static func pause(_ consumer: ConnmixConsumer) async -> String? {
        for await event in consumer.events { if case .paused(let reason) = event { return reason } }
        return nil
    }

    private static func resumed(_ consumer: ConnmixConsumer) async {
        for await event in consumer.events { if case .resumed = event { return } }
    }

    private static func paused(_ database: String) throws -> String? {
        try Inspector(database: database).status().consumer.paused
    }

    @Test("P11: a disk that is too full from the start is why a node is not consumed, in the ledger too")
    func whyNotConsumed() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.diskHeadroom = 1 << 60
                try await withConsumer(configuration, handlers: echo) { consumer in
                    _ = try #require(await Self.pause(consumer))
                    let inspector = try Inspector(database: database)
                    func reason() throws -> String? { try inspector.status().nodes.first?.reason }
                    while try reason()?.contains("then: paused: less than") != true { await Task.yield() }
                    #expect(try reason()?.hasPrefix("not connected yet: the node was just listed; then: paused") == true)
                }
            }
        }
    }

    @Test(
        "P8: the disk fills up while messages flow: a pause that is told of, nothing dropped, nothing sent twice, and on by itself",
        .enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here; it takes root"))
    func full() async throws {
        try await withSmallDisk(megabytes: 32) { disk in
            try await withDevEngine { engine in
                var configuration = testConfiguration(disk.database, engine)
                configuration.diskHeadroom = 0
                let runs = Runs()
                let handlers = Handlers(all: { message, context in
                    runs.began(message.id)
                    try context.meshSend(to: message.client, message.text ?? "")
                })
                let user = try await engine.connectEndUser()
                try disk.fill(leaving: 2 << 20)
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let feed = try await engine.feed(count: 4_000, clients: 20)
                    let reason = try #require(await Self.pause(consumer))
                    #expect(reason.contains("full"))
                    #expect(try Self.paused(disk.database) == reason)
                    try await engine.waitUntil { $0.nodes[0].consumers == 0 }
                    // Whoever sends from outside is told; more than can wait are told at once.
                    let refused = await withTaskGroup(of: Bool.self) { group in
                        for _ in 0..<2_000 {
                            group.addTask {
                                do {
                                    _ = try await consumer.outbox.meshPublish(to: "refused", "x")
                                    return false
                                } catch { return (error as? ConnmixError)?.code == .diskFull }
                            }
                        }
                        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                    }
                    #expect(refused == 2_000)
                    // It stays so: the engine keeps what comes now.
                    try await user.send(contentsOf: (0..<10).map { "\($0)" })
                    try await engine.waitUntil { $0.nodes[0].queued >= 10 }
                    #expect(try Self.paused(disk.database) == reason)
                    try disk.release()
                    await Self.resumed(consumer)
                    #expect(try Self.paused(disk.database) == nil)
                    try await feed.waitUntil(answered: 4_000)
                    try await engine.waitUntil { $0.delivered == 4_010 }
                    #expect(user.receivedCount == 10)
                    #expect(runs.count == 4_010)
                    #expect(runs.repeated == 0)
                }
                #expect(try await engine.snapshot().delivered == 4_010)
                let counts = try LedgerCounts(disk.database)
                #expect(counts.entries == 4_010)
                #expect(counts.done == 4_010)
                #expect(counts.openCommands == 0)
                #expect(try Inspector(database: disk.database).status().outbox[.sent] == 4_010)
            }
        }
    }

    @Test(
        "P8: with less than the headroom it pauses before the disk is full, and goes on handling what it has",
        .enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here; it takes root"))
    func headroom() async throws {
        try await withSmallDisk(megabytes: 16) { disk in
            try await withDevEngine { engine in
                var configuration = testConfiguration(disk.database, engine)
                configuration.diskHeadroom = 4 << 20
                let (door, opener) = AsyncStream<Void>.makeStream()
                let handlers = Handlers(all: { message, context in
                    if message.text == "held" { for await _ in door {} }
                    try context.meshSend(to: message.client, message.text ?? "")
                })
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let user = try await engine.connectEndUser()
                    var frames = user.frames.makeAsyncIterator()
                    try await user.send(contentsOf: ["first", "held", "behind"])
                    #expect(await frames.next()?.text == "first")
                    try disk.fill(leaving: 3 << 20)
                    let reason = try #require(await Self.pause(consumer))
                    #expect(reason.contains("less than 4194304 bytes are free"))
                    try await engine.waitUntil { $0.nodes[0].consumers == 0 }
                    #expect(try Self.paused(disk.database) == reason)
                    opener.finish()
                    #expect(await frames.next()?.text == "held")
                    #expect(await frames.next()?.text == "behind")
                    try await user.send("later")
                    try await engine.waitUntil { $0.nodes[0].queued == 1 }
                    try disk.release()
                    await Self.resumed(consumer)
                    #expect(await frames.next()?.text == "later")
                    #expect(try Self.paused(disk.database) == nil)
                }
                #expect(try LedgerCounts(disk.database).done == 4)
            }
        }
    }

    @Test(
        "P8: a disk that is full at the start is a clear error, with a new file and with one that was there",
        .enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here; it takes root"))
    func fullAtStart() async throws {
        try await withSmallDisk(megabytes: 4) { disk in
            func start() async throws {
                try await ConnmixConsumer(
                    configuration: .init(database: disk.database, centers: ["127.0.0.1:1"], topics: ["chat"]),
                    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), handler: { _, _ in }
                ).run()
            }
            try disk.fill()
            var error = await #expect(throws: ConnmixError.self) { try await start() }
            #expect(error?.code == .diskFull)
            #expect(error?.message.contains("free some space") == true)
            try disk.release()
            try await withDevEngine { engine in
                try await withConsumer(testConfiguration(disk.database, engine), handlers: echo) { consumer in
                    // The default headroom is more than this whole disk.
                    #expect(await Self.pause(consumer)?.contains("bytes are free") == true)
                }
            }
            try disk.fill()
            error = await #expect(throws: ConnmixError.self) { try await start() }
            #expect(error?.code == .diskFull)
        }
    }

    @Test(
        "P8: a checkpoint that finds no room loses nothing: the log keeps what was committed, also over the stop, and it is told of once",
        .enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here; it takes root"))
    func checkpoint() async throws {
        try await withSmallDisk(megabytes: 64) { disk in
            let troubles = Locked<[ConnmixError]>([])
            let (told, telling) = AsyncStream.makeStream(of: Void.self)
            let store = try Store(
                path: disk.database,
                onTrouble: { error in
                    troubles.withLock { $0.append(error) }
                    telling.yield()
                })
            try disk.fill(leaving: 14 << 20)
            let blob = [UInt8](repeating: 7, count: 100_000)
            var committed: Int64 = 0
            // The log takes what there is; at 8 MiB its checkpoint needs as much again in the database.
            let full = await #expect(throws: ConnmixError.self) {
                while committed < 1_000 {
                    try await store.writer.write { transaction in
                        let id = try transaction.nextID(.journal)
                        try blob.withUnsafeBytes {
                            try JournalTable.append(
                                transaction, id: id, state: .done, run: 1, topic: "t", node: "n", client: "c",
                                clientIsNumber: false, receivedAt: 1, data: $0)
                        }
                    }
                    committed += 1
                }
            }
            #expect(full?.code == .diskFull)
            #expect(committed > 50)
            // It is tried once nothing comes for a moment.
            for await _ in told { break }
            #expect(troubles.withLock { $0.map(\.code) } == [.diskFull])
            await store.close()
            #expect(troubles.withLock { $0.count } == 2)
            func facts() throws -> String {
                try SharedStore(path: disk.database).read {
                    try $0.text(
                        "SELECT (SELECT count(*) FROM journal) || ' ' || (SELECT integrity_check FROM pragma_integrity_check)")
                }
            }
            #expect(try facts() == "\(committed) ok")
            try disk.release()
            await (try Store(path: disk.database)).close()
            #expect(try facts() == "\(committed) ok")
            #expect(DatabaseFile(path: disk.database).size().log == 0)
        }
    }

    @Test("P7: above the backlog limit nodes are unpopped, and popped again when the file has shrunk")
    func backlog() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.backlogLimit = 80
                let (door, opener) = AsyncStream<Void>.makeStream()
                let handlers = Handlers(all: { message, context in
                    for await _ in door {}
                    try context.meshSend(to: message.client, message.text ?? "")
                })
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: (0..<100).map { "\($0)" })
                    let reason = try #require(await Self.pause(consumer))
                    #expect(reason == "more than 80 entries are open; nothing is taken until there are fewer than 70")
                    try await engine.waitUntil { $0.nodes[0].consumers == 0 }
                    #expect(try Self.paused(database) == reason)
                    try await user.send(contentsOf: (100..<150).map { "\($0)" })
                    try await engine.waitUntil { $0.nodes[0].queued == 50 }
                    opener.finish()
                    await Self.resumed(consumer)
                    var frames = user.frames.makeAsyncIterator()
                    for number in 0..<150 { #expect(await frames.next()?.text == "\(number)") }
                }
            }
        }
    }
}
