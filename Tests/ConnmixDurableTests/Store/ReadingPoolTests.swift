import Dispatch
import Synchronization
import Testing

@testable import ConnmixDurable

@Suite("the reading pool", .timeLimit(.minutes(1)))
struct ReadingPoolTests {
    private final class Gate: Sendable {
        private let (stream, continuation) = AsyncStream<Void>.makeStream()

        func open() { continuation.finish() }
        func wait() async { for await _ in stream {} }
    }

    private static let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    @Test("one closure sees one state, whatever is committed meanwhile; the next one sees it")
    func snapshot() async throws {
        try await withStore { store in
            let path = store.path
            try await store.writer.write { try $0.connection.execute("CREATE TABLE own (x)") }
            @Sendable func count(_ tables: borrowing TableSnapshot) throws -> SQLValue? {
                try tables.query("SELECT count(*) AS n FROM own").first?["n"]
            }
            let counts = try await TableSnapshot.read(store.reading) { tables in
                let before = try count(tables)
                try SharedStore(path: path).write(.records) { try $0.connection.execute("INSERT INTO own VALUES (1)") }
                return [before, try count(tables)]
            }
            #expect(counts == [0, 0])
            let after = try await TableSnapshot.read(store.reading) { try count($0) }
            #expect(after == 1)
        }
    }

    @Test("a read that never ends is interrupted in its time, or when its task is cancelled, and gives its place free")
    func bounded() async throws {
        try await withStore { store in
            let late = await #expect(throws: ConnmixError.self) {
                try await TableSnapshot.read(store.reading, within: .milliseconds(20)) { try $0.query(Self.endless) }
            }
            #expect(late?.code == .timedOut)
            #expect(late?.message.contains("ask for less at a time") == true)
            let begun = Gate()
            let reads = (0..<9).map { _ in
                Task {
                    try await TableSnapshot.read(store.reading, within: .seconds(3_600)) { tables in
                        begun.open()
                        return try tables.query(Self.endless)
                    }
                }
            }
            await begun.wait()
            for read in reads { read.cancel() }
            for read in reads { await #expect(throws: CancellationError.self) { try await read.value } }
            let rows = try await TableSnapshot.read(store.reading) { try $0.query("SELECT 7 AS n") }
            #expect(rows.first?["n"] == 7)
        }
    }

    @Test("where closures that heed nothing hold all places, a read that waits for its turn ends when its task is cancelled")
    func cancelledInQueue() async throws {
        try await withStore { store in
            let held = DispatchSemaphore(value: 0)
            let (begun, begin) = AsyncStream<Void>.makeStream()
            let holders = (0..<4).map { _ in
                Task {
                    try await TableSnapshot.read(store.reading) { _ in
                        begin.yield()
                        held.wait()
                    }
                }
            }
            var places = 0
            for await _ in begun {
                places += 1
                if places == 4 { break }
            }
            // Cancelled before it asks, and while it waits; the second one may be either.
            let waiting = (0..<2).map { _ in Task { try await TableSnapshot.read(store.reading) { _ in 1 } } }
            waiting[0].cancel()
            await Task.yield()
            waiting[1].cancel()
            for read in waiting { await #expect(throws: CancellationError.self) { try await read.value } }
            for _ in holders { held.signal() }
            for holder in holders { try await holder.value }
            #expect(try await TableSnapshot.read(store.reading) { _ in 2 } == 2)
        }
    }

    @Test("what a closure throws is thrown, and the writer goes on beside slow reads")
    func beside() async throws {
        struct Failure: Error {}
        try await withStore { store in
            await #expect(throws: Failure.self) { try await TableSnapshot.read(store.reading) { _ in throw Failure() } as Int }
            let begun = Gate()
            let read = Task {
                try await TableSnapshot.read(store.reading, within: .seconds(3_600)) { tables in
                    begun.open()
                    return try tables.query(Self.endless)
                }
            }
            await begun.wait()
            let written = try await store.writer.write { try $0.connection.integer("SELECT 1") }
            #expect(written == 1)
            read.cancel()
            _ = await read.result
            store.reading.close()
            let closed = await #expect(throws: ConnmixError.self) {
                try await TableSnapshot.read(store.reading) { try $0.query("SELECT 1") }
            }
            #expect(closed?.code == .stopped)
        }
    }
}
