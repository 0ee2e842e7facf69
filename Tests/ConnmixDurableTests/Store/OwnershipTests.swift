import Dispatch
import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("who owns a file", .timeLimit(.minutes(1)))
struct OwnershipTests {
    /// The number of a process that has ended, and whose end nobody has asked for yet.
    private func zombie() throws -> pid_t {
        var pid = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { free(arguments[0]) }
        guard posix_spawnp(&pid, "true", nil, nil, &arguments, nil) == 0 else { throw ConnmixError(.internal, "no child") }
        var facts = siginfo_t()
        waitid(P_PID, id_t(pid), &facts, WEXITED | WNOWAIT)
        return pid
    }

    /// A lock held by something that is not the process which the file names.
    private func held(_ path: String, namedOwner pid: Int32, since: Int64 = Clock.now()) throws -> FileLock {
        let holder = try FileLock(database: path)
        #expect(holder.tryLock(.owner, exclusive: true))
        try Data("\(pid) \(since)\n".utf8).write(to: URL(fileURLWithPath: path + ".lock"), options: [])
        return holder
    }

    @Test("P10: where the owner that is named has died, its lock is waited for; a living one is refused at once")
    func deadOwner() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            let pid = try zombie()
            defer { waitpid(pid, nil, 0) }
            let holder = try held(path, namedOwner: pid)
            // A child of the dead one begins its own program, and its copies of the descriptors are closed.
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(100)) { holder.unlock(.owner) }
            let lock = try FileLock(database: path)
            #expect(try lock.takeOwnership()?.pid == pid)
            lock.releaseOwnership()
        }
        try await withFolder { folder in
            let path = folder + "/db"
            let holder = try held(path, namedOwner: getppid())
            let start = ContinuousClock.now
            let error = #expect(throws: ConnmixError.self) { try FileLock(database: path).takeOwnership() }
            #expect(error?.code == .busy)
            #expect(error?.message.contains("process \(getppid())") == true)
            #expect(ContinuousClock.now - start < .seconds(1))
            withExtendedLifetime(holder) {}
        }
    }

    @Test("P10: a lock that is held on is refused after a while, saying that its owner is not here")
    func heldOn() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            // This process's own number, in a container each one's: it is not this process's lock.
            let holder = try held(path, namedOwner: getpid())
            let error = #expect(throws: ConnmixError.self) {
                try FileLock(database: path).takeOwnership(patience: .milliseconds(50))
            }
            #expect(error?.code == .busy)
            #expect(error?.message.contains("does not run here") == true)
            withExtendedLifetime(holder) {}
        }
    }

    @Test("P10: a second consumer of the same process is refused at once, also after others of it wrote to the file")
    func sameProcess() async throws {
        try await withStore { store in
            _ = try SharedOutbox(database: store.path).enqueue(.meshPublish(to: "a", "b"))
            let start = ContinuousClock.now
            let error = #expect(throws: ConnmixError.self) { try FileLock(database: store.path).takeOwnership() }
            #expect(error?.code == .busy)
            #expect(error?.message.contains("another consumer, process \(getpid())") == true, "\(error?.message ?? "")")
            #expect(ContinuousClock.now - start < .seconds(2))
        }
    }

    @Test("a process is judged by its number, its state and its start")
    func processes() throws {
        #expect(LivingProcess.mayHaveActed(getpid(), at: Clock.now()))
        #expect(!LivingProcess.mayHaveActed(getpid(), at: Clock.now() - 86_400_000_000 * 365))
        #expect(LivingProcess.mayHaveActed(1, at: Clock.now()))
        #expect(!LivingProcess.mayHaveActed(0, at: Clock.now()))
        #expect(!LivingProcess.mayHaveActed(Int32.max, at: Clock.now()))
        let pid = try zombie()
        #expect(!LivingProcess.mayHaveActed(pid, at: Clock.now()))
        waitpid(pid, nil, 0)
    }

    @Test("P10: what became of a file is told by its number, and a disk that does not answer says nothing")
    func whereabouts() async throws {
        try await withFolder { folder in
            let path = folder + "/file"
            try Data().write(to: URL(fileURLWithPath: path))
            let identity = try #require(FileIdentity(path: path))
            let descriptor = open(path, O_RDONLY)
            defer { close(descriptor) }
            #expect(FileIdentity(descriptor: descriptor) == identity)
            #expect(identity.whereabouts(path) == .there)
            #expect(identity.whereabouts(path + "/below") == .removed)
            #expect(identity.whereabouts(folder + "/" + String(repeating: "n", count: 300)) == .unknown)
            rename(path, path + ".old")
            #expect(identity.whereabouts(path) == .removed)
            try Data().write(to: URL(fileURLWithPath: path))
            #expect(identity.whereabouts(path) == .replaced)
            unlink(path)
            symlink(path + ".old", path)
            #expect(identity.whereabouts(path) == .replaced)
        }
    }

    @Test("P10: a lock on a file that has lost its name keeps nobody away, and is not used")
    func lostName() async throws {
        try await withStore(troubles: [.fileLost]) { store in
            let lock = try FileLock(database: store.path)
            unlink(store.path + ".lock")
            let error = #expect(throws: ConnmixError.self) {
                try lock.withLock(.checkpoint, exclusive: false, within: .seconds(1)) {}
            }
            #expect(error?.code == .fileLost)
            #expect(store.files.loss() == .lock(.removed))
            // Another process makes a new one.
            _ = try FileLock(database: store.path)
            #expect(store.files.loss() == .lock(.replaced))
            unlink(store.path + "-shm")
            #expect(store.files.loss() == .companion(store.path + "-shm", .removed))
            unlink(store.path)
            #expect(store.files.loss() == .database(.removed))
        }
    }

    @Test("what may be written after a loss is the least that any of them allows")
    func remedies() {
        #expect(FileLoss.lock(.replaced).remedy == .everything)
        #expect(FileLoss.companion("x", .removed).remedy == .everything)
        #expect(FileLoss.companion("x", .replaced).remedy == .nothing)
        #expect(FileLoss.takenOver(pid: 7).remedy == .newMessages)
        #expect(FileLoss.database(.removed).remedy == .nothing)
        #expect(FileLoss.Remedy.everything < .newMessages && FileLoss.Remedy.newMessages < .nothing)
        #expect(FileLoss.database(.replaced).error("db", left: 3).message.contains("3 messages"))
        #expect(FileLoss.takenOver(pid: 7).error("db", left: 0).code == .fileLost)
    }

    @Test("P10: without a lock file the end of the last run is waited for, with one it is not")
    func predecessor() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            let store = try Store(path: path)
            let run = try await store.writer.write {
                try RunTable.begin($0, pid: 1, version: "", handlerVersion: nil, synchronous: .full)
            }
            await store.close()
            let (began, begin) = AsyncStream<Void>.makeStream()
            async let ended: Void = {
                for await _ in began { break }
                try SharedStore(path: path).write(.records) { try RunTable.end($0, run: run) }
            }()
            let waited = Task.detached {
                begin.yield()
                Predecessor.wait(path, before: nil)
                return try SharedStore(path: path).read { try $0.integer("SELECT ended_at IS NOT NULL FROM run") }
            }
            #expect(try await waited.value == 1)
            try await ended
            // One that died left its line, and one that has ended is waited for by nobody.
            let start = ContinuousClock.now
            Predecessor.wait(path, before: nil)
            Predecessor.wait(path, before: (Int32.max, Clock.now()))
            Predecessor.wait(folder + "/none", before: nil)
            #expect(ContinuousClock.now - start < .seconds(1))
        }
    }
}
