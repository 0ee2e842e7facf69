import ConnmixDevEngine
import Foundation
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite(
    "disks that fail", .timeLimit(.minutes(2)),
    .enabled(if: PreloadedLibrary.isPossible, "there is no C compiler at /usr/bin/cc to build the failing disk with"))
struct FaultyDiskTests {
    @Test(
        "P8: whatever the disk refuses, it is paused, told of, and healed by itself; each message is handled and answered once",
        arguments: [
            ("write \(ENOSPC)", "database or disk is full (SQLite 13)"),
            ("write \(EROFS)", "disk I/O error (SQLite 778)"),
            ("write \(EIO)", "disk I/O error (SQLite 778)"),
            ("sync \(EIO)", "disk I/O error (SQLite 1034)"),
            ("lose \(EIO)", "disk I/O error (SQLite 1034)"),
            // Not even the lock file can be written: nobody can be told but by event and log.
            ("all \(EROFS)", nil),
        ])
    func faults(fault: String, reason: String?) async throws {
        try await withTemporaryDatabase { database in
            let disk = try await FaultyDisk(folder: URL(fileURLWithPath: database).deletingLastPathComponent().path)
            try await withDevEngine { engine in
                try await engine.configure { $0.recording = false }
                let child = try Child("crash-child", [database, engine.center], environment: disk.environment)
                let feed = try await engine.feed(count: 3_000, clients: 20, perSecond: 3_000, recordsTexts: true)
                try await feed.waitUntil(answered: 300)
                for _ in 0..<2 {
                    try disk.fail(fault)
                    try await engine.waitUntil(within: .seconds(20)) { $0.nodes[0].consumers == 0 }
                    let paused = try Inspector(database: database).status().consumer.paused
                    if let reason { #expect(paused?.contains(reason) == true, "\(paused ?? "")") } else { #expect(paused == nil) }
                    try disk.heal()
                    try await engine.waitUntil(within: .seconds(20)) { $0.nodes[0].consumers == 1 }
                }
                try await feed.waitUntil(answered: 3_000)
                await child.terminate()
                #expect(try await feed.progress().answered == 3_000)
                let facts = try SharedStore(path: database).read { connection in
                    try connection.text(
                        """
                        SELECT (SELECT count(*) FROM orders) || ' ' || (SELECT count(DISTINCT message) FROM orders) || ' '
                            || (SELECT count(*) FROM journal WHERE state = 8) || ' ' || (SELECT count(*) FROM journal) || ' '
                            || (SELECT integrity_check FROM pragma_integrity_check)
                        """)
                }
                #expect(facts == "3000 3000 3000 3000 ok")
            }
        }
    }

    @Test("P8: a full disk at the start is one clear line and exit 74")
    func start() async throws {
        try await withTemporaryDatabase { database in
            let disk = try await FaultyDisk(folder: URL(fileURLWithPath: database).deletingLastPathComponent().path)
            try disk.fail("all \(ENOSPC)")
            let child = try Child(
                "connmix-durable", ["consume", "--echo", "--topic", "chat", "--database", database], environment: disk.environment
            )
            #expect(await child.exitCode() == 74)
        }
    }

    @Test("P8: it dies while its syncs fail and the kernel threw data away: what was committed is there, and whole")
    func killed() async throws {
        try await withTemporaryDatabase { database in
            let disk = try await FaultyDisk(folder: URL(fileURLWithPath: database).deletingLastPathComponent().path)
            try await withDevEngine { engine in
                let child = try Child("crash-child", [database, engine.center], environment: disk.environment)
                let feed = try await engine.feed(count: 2_000, clients: 20, perSecond: 3_000)
                try await feed.waitUntil(answered: 300)
                try disk.fail("lose \(EIO)")
                try await engine.waitUntil(within: .seconds(20)) { $0.nodes[0].consumers == 0 }
                let before = try await feed.progress().answered
                await child.kill()
                try disk.heal()
                let next = try Child("crash-child", [database, engine.center], environment: disk.environment)
                try await feed.allSent()
                await next.terminate()
                let (done, integrity) = try SharedStore(path: database).read { connection in
                    (
                        try connection.integer("SELECT count(*) FROM journal WHERE state = 8"),
                        try connection.text("PRAGMA integrity_check")
                    )
                }
                #expect(done >= before)
                #expect(integrity == "ok")
            }
        }
    }
}
