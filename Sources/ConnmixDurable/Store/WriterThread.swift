internal import CSQLite
internal import Dispatch
internal import Glibc

/// What the writer does between two turns of its loop.
package enum WriterRest: Sendable {
    case none
    /// Until it is woken.
    case untilWoken
    /// Until it is woken, or nothing came for a moment (`WriterTurns.rested`).
    case briefly
    /// Everything is committed, and nobody may submit any more.
    case ended
}

/// Runs the writer's loop, one turn after the other, never two at once.
package protocol WriterThread: Sendable {
    /// Returns when `open` has run on the thread. Turns follow until one ends the loop; where `open` answers `nil` there are none.
    ///
    /// - Parameter onEnd: called in the end, when nothing holds the turns any more.
    func start(_ open: @escaping @Sendable () -> WriterTurns?, onEnd: @escaping @Sendable () -> Void) throws
    /// Ends a rest, the next one where there is none now. Called from anywhere.
    func wake()
}

/// A thread of its own, never one of the cooperative pool.
package struct OwnThread: WriterThread {
    private let wakeUp = DispatchSemaphore(value: 0)

    package init() {}

    package func start(_ open: @escaping @Sendable () -> WriterTurns?, onEnd: @escaping @Sendable () -> Void) throws {
        let opened = DispatchSemaphore(value: 0)
        let main = ThreadMain {
            if let turns = open() {
                opened.signal()
                loop(turns)
            } else {
                opened.signal()
            }
            onEnd()
        }
        try main.start(name: "connmix-writer")
        opened.wait()
    }

    package func wake() { wakeUp.signal() }

    private func loop(_ turns: WriterTurns) {
        while true {
            switch turns.next() {
            case .none: continue
            case .untilWoken: wakeUp.wait()
            case .briefly: turns.rested(isQuiet: wakeUp.wait(timeout: .now() + Self.quiet) == .timedOut)
            case .ended: return
            }
        }
    }

    /// It is quiet where nothing came for so long. A checkpoint takes some milliseconds, and who comes meanwhile waits.
    private static let quiet: DispatchTimeInterval = .milliseconds(20)
}

/// A POSIX thread with a name. Foundation's would bring Foundation.
struct ThreadMain {
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }

    func start(name: StaticString) throws(ConnmixError) {
        let box = Unmanaged.passRetained(
            Box { [body] in
                name.withUTF8Buffer { text in
                    text.withMemoryRebound(to: CChar.self) { csqlite_name_thread($0.baseAddress) }
                }
                body()
            })
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            box.release()
            throw ConnmixError(.inputOutput, "cannot start the thread \(name): \(String(cString: strerror(result)))")
        }
        pthread_detach(thread)
    }
}
