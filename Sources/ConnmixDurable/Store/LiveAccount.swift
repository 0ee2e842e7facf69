internal import Glibc
internal import Synchronization

/// What a run says of itself without a commit: how much is at risk, and which entries are in handlers.
///
/// It lies in the lock file, behind the text, and is mapped into memory: a change is a store, and what was stored a kill does not
/// undo. So it holds while the disk refuses, and it says what a process that died was doing. A power cut may tear it, and then it
/// says less: whoever reads it believes a slot only where its run is the account's, and an entry only where the journal says the same.
///
/// The next run reads it (`reading`), commits what follows from it, and only then writes its own over it.
final class LiveAccount: Sendable {
    /// What is there, from whichever run.
    struct Reading: Equatable, Sendable {
        /// 0: the last one ended in order, or died before it had begun its account.
        var run: Int64
        /// Messages that were read and are not committed.
        var atRisk: Int64 = 0
        var atRiskHigh: Int64 = 0
        /// When that was written, in microseconds since 1970.
        var updatedAt: Int64 = 0
        /// Entries that were in handlers.
        var entries: Set<Int64> = []
    }

    /// Words of eight bytes, from `offset` on: the header, then two a slot (its run, and its entry or 0).
    private enum Layout {
        static let offset = 4_096
        /// Says what this is, and in which form.
        static let mark = Int64(bitPattern: 0x434D_584C_4956_4531)
        static let headerWords = 8
        static let slotLimit = 65_536
    }

    private enum Word {
        static let mark = 0
        static let run = 1
        static let slots = 2
        static let atRisk = 3
        static let atRiskHigh = 4
        static let updatedAt = 5
    }

    /// How many entries may be in handlers at once. The last slot is the writer's: closures of the user run on its thread too.
    private let slots: Int
    private let mapped: Int
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    private nonisolated(unsafe) let words: UnsafeMutablePointer<Atomic<Int64>>

    /// Begins the account of a run, over the last one's. The lock's owner calls this once what the last one said is committed.
    ///
    /// - Parameter handlers: how many entries may be in handlers at once; 0 where handlers are processes of their own.
    init(in lock: FileLock, run: Int64, handlers: Int) throws(ConnmixError) {
        precondition(handlers < Layout.slotLimit, "more handlers than the configuration allows")
        slots = handlers == 0 ? 0 : handlers + 1
        var content = [Int64](repeating: 0, count: Layout.headerWords + 2 * slots)
        content[Word.mark] = Layout.mark
        content[Word.slots] = Int64(slots)
        content[Word.updatedAt] = Clock.now()
        for slot in 0..<slots { content[Layout.headerWords + 2 * slot] = run }
        // Written and not only mapped: a page without a block behind it would end the process where the disk is full.
        let size = content.count * MemoryLayout<Int64>.stride
        if let error = content.withUnsafeBytes({ lock.write($0, at: off_t(Layout.offset)) }) { throw lock.writeError(error) }
        mapped = Layout.offset + size
        guard let base = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, lock.descriptor, 0), base != MAP_FAILED else {
            throw lock.writeError(SystemError())
        }
        self.base = base
        words = (base + Layout.offset).bindMemory(to: Atomic<Int64>.self, capacity: content.count)
        words[Word.run].store(run, ordering: .releasing)
    }

    deinit {
        munmap(base, mapped)
    }

    /// Says how much is at risk.
    func note(atRisk: Int, high: Int) {
        words[Word.atRiskHigh].store(Int64(high), ordering: .relaxed)
        words[Word.atRisk].store(Int64(atRisk), ordering: .relaxed)
        words[Word.updatedAt].store(Clock.now(), ordering: .relaxed)
    }

    /// Says that the figures still hold; once a second is enough.
    func confirm(now: Int64) {
        let age = now &- words[Word.updatedAt].load(ordering: .relaxed)
        if age >= 1_000_000 || age < 0 { words[Word.updatedAt].store(now, ordering: .relaxed) }
    }

    /// The handler of this number has the entry in hand.
    func took(_ entry: Int64, handler: Int) {
        guard slots > 0 else { return }
        assert(handler < slots - 1, "a handler without a slot")
        store(entry, slot: handler)
    }

    /// The handler of this number has returned.
    func gave(handler: Int) {
        guard slots > 0 else { return }
        store(0, slot: handler)
    }

    /// Runs a closure of the user for the entry on the writer's thread.
    func onWriter<T>(_ entry: Int64, _ body: () throws -> T) rethrows -> T {
        guard slots > 0 else { return try body() }
        store(entry, slot: slots - 1)
        defer { store(0, slot: slots - 1) }
        return try body()
    }

    private func store(_ entry: Int64, slot: Int) {
        words[Layout.headerWords + 2 * slot + 1].store(entry, ordering: .releasing)
    }

    /// The run has ended in order, and that is committed.
    func end() {
        words[Word.run].store(0, ordering: .releasing)
    }

    // MARK: Reading

    /// - Parameter descriptor: of a lock file.
    /// - Returns: `nil` where there is none: an earlier version wrote the file, or nobody did.
    static func reading(_ descriptor: Int32) -> Reading? {
        guard let header = read(descriptor, words: Layout.headerWords, at: 0), header[Word.mark] == Layout.mark else {
            return nil
        }
        var reading = Reading(run: max(0, header[Word.run]))
        reading.atRisk = max(0, header[Word.atRisk])
        reading.atRiskHigh = max(reading.atRisk, header[Word.atRiskHigh])
        reading.updatedAt = min(max(0, header[Word.updatedAt]), Clock.now())
        let slots = Int(clamping: min(max(0, header[Word.slots]), Int64(Layout.slotLimit)))
        guard slots > 0, let pairs = read(descriptor, words: 2 * slots, at: Layout.headerWords) else { return reading }
        for slot in 0..<slots where pairs[2 * slot] == reading.run && pairs[2 * slot + 1] > 0 {
            reading.entries.insert(pairs[2 * slot + 1])
        }
        return reading
    }

    /// - Returns: so many words; what lies beyond the file's end is 0. `nil` where there are none.
    private static func read(_ descriptor: Int32, words count: Int, at first: Int) -> [Int64]? {
        let stride = MemoryLayout<Int64>.stride
        var words = [Int64](repeating: 0, count: count)
        let got = words.withUnsafeMutableBytes {
            pread(descriptor, $0.baseAddress, count * stride, off_t(Layout.offset + first * stride))
        }
        return got > 0 ? words : nil
    }
}

extension FileLock {
    /// What the run before said of itself last.
    func lastAccount() -> LiveAccount.Reading? { LiveAccount.reading(descriptor) }

    /// What the owner says of itself now, or the last one did.
    static func account(database: String) -> LiveAccount.Reading? {
        let file = open(DatabasePath.lock(of: database), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return LiveAccount.reading(file)
    }
}

extension Store {
    /// What the run before said of itself last.
    func lastAccount() -> LiveAccount.Reading? { lock.lastAccount() }

    /// Begins this run's account. What the last one said is committed by now.
    func beginAccount(run: Int64, handlers: Int) throws(ConnmixError) -> LiveAccount {
        try LiveAccount(in: lock, run: run, handlers: handlers)
    }
}

extension SharedStore {
    /// What the owner says of itself now, or the last one did.
    func account() -> LiveAccount.Reading? { FileLock.account(database: path) }
}
