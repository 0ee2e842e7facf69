import Foundation
import Testing

@testable import ConnmixDurable

@Suite("what a run says of itself without a commit")
struct LiveAccountTests {
    private func withLock(_ body: (FileLock, String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("connmix-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let database = folder.appendingPathComponent("db").path
        try body(try FileLock(database: database), database)
    }

    @Test("P6, P11: it is there for others at once, and for the next owner after an end that left no time")
    func stays() throws {
        try withLock { lock, database in
            #expect(lock.lastAccount() == nil)
            try lock.takeOwnership()
            #expect(lock.lastAccount() == nil)
            do {
                let account = try LiveAccount(in: lock, run: 7, handlers: 3)
                account.note(atRisk: 500, high: 800)
                account.took(11, handler: 0)
                account.took(12, handler: 2)
                account.took(13, handler: 1)
                account.gave(handler: 1)
                account.onWriter(14) {
                    #expect(FileLock.account(database: database)?.entries == [11, 12, 14])
                }
                let reading = try #require(FileLock.account(database: database))
                #expect(reading.run == 7)
                #expect((reading.atRisk, reading.atRiskHigh) == (500, 800))
                #expect(reading.entries == [11, 12])
                #expect(abs(reading.updatedAt - Clock.now()) < 10_000_000)
            }
            lock.unlock(.owner)
            let next = try FileLock(database: database)
            try next.takeOwnership()
            #expect(next.lastAccount()?.entries == [11, 12])
            // One that could not go on, say for want of disk, leaves it as it was.
            next.releaseOwnership()
            #expect(FileLock.owner(of: next.path) == nil)
            #expect(next.lastAccount()?.run == 7)
            let fresh = try LiveAccount(in: next, run: 8, handlers: 1)
            #expect(next.lastAccount()?.entries == [])
            #expect(next.lastAccount()?.run == 8)
            fresh.end()
            #expect(next.lastAccount()?.run == 0)
        }
    }

    @Test("P6: handlers that are processes of their own have no suspects")
    func processes() throws {
        try withLock { lock, _ in
            let account = try LiveAccount(in: lock, run: 1, handlers: 0)
            account.took(5, handler: 63)
            account.gave(handler: 63)
            #expect(account.onWriter(6) { lock.lastAccount()?.entries } == [])
        }
    }

    @Test("P12: whatever is there instead is borne: nothing, a part of it, another form, nonsense")
    func torn() throws {
        try withLock { lock, _ in
            let account = try LiveAccount(in: lock, run: 9, handlers: 2)
            account.took(21, handler: 0)
            account.took(22, handler: 1)
            func put(_ words: [Int64], at word: Int) {
                _ = words.withUnsafeBytes { pwrite(lock.descriptor, $0.baseAddress, $0.count, off_t(4_096 + 8 * word)) }
            }
            put([8], at: 8)  // a slot of an earlier run
            #expect(lock.lastAccount()?.entries == [22])
            put([-5], at: 11)
            #expect(lock.lastAccount()?.entries == [])
            put([.max, .min, .max, .min], at: 2)
            #expect(lock.lastAccount()?.atRisk == 0)
            #expect(lock.lastAccount()?.atRiskHigh == .max)
            #expect(lock.lastAccount()?.updatedAt == 0)
            put([.min], at: 2)
            #expect(lock.lastAccount()?.run == 9)
            put([-9], at: 1)
            #expect(lock.lastAccount()?.run == 0)
            put([0], at: 0)
            #expect(lock.lastAccount() == nil)
        }
    }

    @Test("P11: the bound of a run that died")
    func bound() {
        func high(_ account: LiveAccount.Reading?, limit: Int64? = 1_000) -> Int64 {
            RunTable.atRiskHigh(ofDead: 5, recorded: 10, limit: limit, account: account)
        }
        #expect(high(.init(run: 5, atRisk: 3, atRiskHigh: 500)) == 500)
        #expect(high(.init(run: 5, atRisk: 3, atRiskHigh: 4)) == 10)
        // It died before it had begun to read.
        #expect(high(.init(run: 4, atRiskHigh: 500)) == 10)
        #expect(high(.init(run: 0)) == 10)
        // Nothing is known of it.
        #expect(high(.init(run: 6, atRiskHigh: 500)) == 1_000)
        #expect(high(nil) == 1_000)
        #expect(high(nil, limit: nil) == 10)
    }
}
