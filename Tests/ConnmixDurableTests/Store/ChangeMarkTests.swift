import Testing

@testable import ConnmixDurable

@Suite("marks of what others changed")
struct ChangeMarkTests {
    private typealias Versions = ChangeMark.Versions

    @Test("who counted up is looked at, and nothing else; who did not may have changed anything")
    func news() {
        let seen = Versions(journal: 3, commands: 5, newCommands: 7, records: 9)
        var now = seen
        #expect(now.news(since: seen) == (true, .changed), "somebody committed without a mark")
        now.records += 1
        #expect(now.news(since: seen) == (false, .nothing))
        now.newCommands += 1
        #expect(now.news(since: seen) == (false, .added))
        now.journal += 1
        #expect(now.news(since: seen) == (true, .added))
        now.commands += 1
        #expect(now.news(since: seen) == (true, .changed))
    }

    @Test("a count that has reached its end begins anew, and is news all the same")
    func overflow() async throws {
        try await withStore { store in
            let (before, after) = try await store.writer.write { transaction in
                let connection = transaction.connection
                try connection.execute("UPDATE change SET version = \(Int64.max) WHERE what = 2")
                let before = try ChangeMark.versions(connection)
                try ChangeMark.commands.count(transaction)
                return (before, try ChangeMark.versions(connection))
            }
            #expect(after.commands == 0)
            #expect(after.news(since: before) == (false, .changed))
        }
    }

    @Test("a mark that is unknown is said to be corrupt, and never passed over")
    func unknown() async throws {
        try await withStore { store in
            let error = try await store.writer.write { transaction in
                try transaction.connection.execute("INSERT INTO change (what, version) VALUES (77, 1)")
                do {
                    _ = try ChangeMark.versions(transaction.connection)
                    return nil as ConnmixError?
                } catch { return error as? ConnmixError }
            }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("the unknown what 77") == true, "\(error?.message ?? "")")
        }
    }
}
