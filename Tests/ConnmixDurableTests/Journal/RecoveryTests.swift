import Testing

@testable import ConnmixDurable

@Suite("recovery after an unclean end")
struct RecoveryTests {
    private func recover(
        _ store: Store, held: Set<Int64>?, accountOf run: Int64 = 1, maxAttempts: Int, parks: Bool = false
    ) async throws -> Recovery.Outcome {
        try await store.writer.write { transaction in
            try Recovery.run(
                transaction, run: 2, account: held.map { .init(run: run, entries: $0) }, maxAttempts: maxAttempts, parks: parks)
        }
    }

    private func entries(_ store: Store, _ ids: ClosedRange<Int64>) async throws -> [(
        state: Int64, attempts: Int64, flags: Int64
    )] {
        try await store.writer.write { transaction in
            try ids.map { id in
                let entry = try transaction.entry(id)
                return (entry.state, entry.attempts, entry.flags)
            }
        }
    }

    @Test("P6: several in handlers are suspects, counted, and none is buried yet; what only waited goes back as it was")
    func several() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for _ in 0..<4 { _ = try transaction.addEntry(.running) }
                _ = try transaction.addEntry(.pending)
            }
            #expect(try await recover(store, held: [1, 3], maxAttempts: 1) == .init(suspects: 2, released: 2))
            let entries = try await entries(store, 1...5)
            #expect(entries.map(\.state) == [2, 2, 2, 2, 2])
            #expect(entries.map(\.attempts) == [1, 0, 1, 0, 0])
            #expect(entries.map(\.flags) == [2, 0, 2, 0, 0])
            let errors = try store.read { try $0.text("SELECT group_concat(error) FROM attempt") }
            #expect(errors.contains("died while it handled this entry or one of 1 others (attempt 1)"))
        }
    }

    @Test("P6: the suspect among those in handlers is convicted; those beside it are suspects and lose nothing")
    func suspect() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for _ in 0..<3 { _ = try transaction.addEntry(.running) }
                try JournalTable.suspect(transaction, id: 2)
            }
            #expect(try await recover(store, held: [1, 2], maxAttempts: 2) == .init(suspects: 2, released: 1))
            var found = try await entries(store, 1...3)
            #expect(found.map(\.attempts) == [0, 1, 0])
            #expect(found.map(\.flags) == [2, 2, 0])
            #expect(try await store.writer.write { try JournalTable.claim($0, ids: [1, 2], run: 1) } == [])
            #expect(try await recover(store, held: [2], maxAttempts: 2, parks: true) == .init(buried: 1, released: 1))
            found = try await entries(store, 1...3)
            #expect(found.map(\.state) == [2, 9, 2])
            #expect(found.map(\.attempts) == [0, 2, 0])
            #expect(found.map(\.flags) == [2, 0, 0])
            #expect(try store.read { try ParkedLanes.list($0) }.map(\.entry) == [2])
            let error = try store.read { try $0.text("SELECT last_error FROM journal WHERE id = 2") }
            #expect(error.contains("the process died while it handled this entry (attempt 2)"))
        }
    }

    @Test("P6: a topic with attempts of its own is buried by those")
    func topics() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                _ = try transaction.addEntry(.running)
                try JournalTable.suspect(transaction, id: 1)
            }
            let topic = try store.read { try $0.text("SELECT topic FROM journal") }
            let account = LiveAccount.Reading(run: 1, entries: [1])
            let outcome = try await store.writer.write { transaction in
                try Recovery.run(transaction, run: 2, account: account, maxAttempts: 9, attemptsByTopic: [topic: 1, "other": 5])
            }
            #expect(outcome == .init(buried: 1))
        }
    }

    @Test("P6: without an account of that very run nobody is suspected", arguments: [nil, [1, 2]] as [Set<Int64>?])
    func unknown(held: Set<Int64>?) async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                for _ in 0..<2 { _ = try transaction.addEntry(.running) }
                try JournalTable.suspect(transaction, id: 2)
            }
            #expect(try await recover(store, held: held, accountOf: 7, maxAttempts: 1) == .init(released: 2))
            let entries = try await entries(store, 1...2)
            #expect(entries.map(\.attempts) == [0, 0])
            #expect(entries.map(\.flags) == [0, 2])
        }
    }

    @Test("P6: who is suspected, counted and buried, for each way that a process can end")
    func verdicts() {
        func verdicts(_ claimed: [Recovery.Claimed], max: Int = 2) -> [Recovery.Verdict] {
            Recovery.verdicts(on: claimed, maxAttempts: max)
        }
        func entry(_ id: Int64, _ attempts: Int = 1, suspect: Bool = false, held: Bool = true) -> Recovery.Claimed {
            .init(id: id, attempts: attempts, isSuspect: suspect, isHeld: held)
        }
        #expect(verdicts([]) == [])
        #expect(verdicts([entry(1, held: false)]) == [.waited])
        #expect(verdicts([entry(1, 9, suspect: true, held: false)]) == [.waited])
        // The only one is to blame.
        #expect(verdicts([entry(1), entry(2, held: false)]) == [.convicted, .waited])
        #expect(verdicts([entry(1, 2)]) == [.buried])
        // Several: nobody is buried, however many attempts were used up by failures of its own.
        #expect(verdicts([entry(1, 2), entry(2)]) == [.suspected, .suspected])
        #expect(verdicts([entry(1), entry(2, suspect: true)]) == [.beside, .convicted])
        #expect(verdicts([entry(1, 2), entry(2, 2, suspect: true)]) == [.beside, .buried])
        // A torn account.
        #expect(verdicts([entry(1, 2, suspect: true), entry(2, 2, suspect: true)]) == [.suspected, .suspected])
    }

    /// Plays runs that die: the dispatcher's choice, what is in handlers, the verdicts. `kills` end the process as soon as they are
    /// in a handler beside others; all else is done once it was handled.
    private func play(_ count: Int64, kills: Set<Int64>, concurrency: Int, maxAttempts: Int) -> (dead: Set<Int64>, deaths: Int) {
        struct Entry { var attempts = 0, isSuspect = false }
        var waiting = Dictionary(uniqueKeysWithValues: (1...count).map { ($0, Entry()) })
        var (dead, deaths): (Set<Int64>, Int) = ([], 0)
        while !waiting.isEmpty, deaths < 10_000 {
            var held: [Int64] = []
            var hasSuspect = false
            for id in waiting.keys.sorted() where held.count < concurrency {
                if waiting[id]!.isSuspect {
                    if hasSuspect { continue }
                    hasSuspect = true
                }
                held.append(id)
            }
            guard held.contains(where: kills.contains) else {
                for id in held { waiting[id] = nil }
                continue
            }
            deaths += 1
            let claimed = waiting.keys.sorted().map { id in
                Recovery.Claimed(
                    id: id, attempts: waiting[id]!.attempts + 1, isSuspect: waiting[id]!.isSuspect, isHeld: held.contains(id))
            }
            for (entry, verdict) in zip(claimed, Recovery.verdicts(on: claimed, maxAttempts: maxAttempts)) {
                switch verdict {
                case .waited: break
                case .beside: waiting[entry.id]!.isSuspect = true
                case .suspected, .convicted: waiting[entry.id] = Entry(attempts: entry.attempts, isSuspect: true)
                case .buried:
                    waiting[entry.id] = nil
                    dead.insert(entry.id)
                }
            }
        }
        return (dead, deaths)
    }

    @Test(
        "P6: whichever kill, they are buried, within their attempts and one death more, and nobody else is",
        arguments: [[1], [40], [300], [7, 8, 200]] as [Set<Int64>], [1, 8, 64])
    func converges(kills: Set<Int64>, concurrency: Int) {
        for maxAttempts in [3, 10] {
            let (dead, deaths) = play(300, kills: kills, concurrency: concurrency, maxAttempts: maxAttempts)
            #expect(dead == kills)
            #expect(deaths <= kills.count * (maxAttempts + 1))
        }
    }
}
