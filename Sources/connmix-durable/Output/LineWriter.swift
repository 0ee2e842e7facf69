import DequeModule
import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// Writes lines to a file on a thread of its own, so that whoever has a line never waits for a reader.
///
/// What waits is bounded. Newer lines are dropped then, and counted; how many is said as soon as there is room again.
final class LineWriter: Sendable {
    private struct State {
        var lines = Deque<String>()
        var bytes = 0
        var dropped = 0
        var isWriting = false
        var waitsForEnd = false
    }

    private let file: FileDescriptor
    private let limit: Int
    private let note: @Sendable (Int) -> String
    private let state = Mutex(State())
    private let work = DispatchSemaphore(value: 0)
    private let end = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - limit: how many bytes may wait.
    ///   - note: the line that says how many were dropped.
    init(_ file: FileDescriptor, limit: Int = 1 << 20, note: @escaping @Sendable (_ dropped: Int) -> String) {
        self.file = file
        self.limit = limit
        self.note = note
        start()
    }

    func write(_ line: String) {
        let isKept = state.withLock { state in
            // After a loss the queue is half emptied first: one gap says more than many small ones.
            let isFree = state.bytes == 0 || state.bytes + line.utf8.count <= (state.dropped > 0 ? limit / 2 : limit)
            guard isFree else {
                state.dropped += 1
                return false
            }
            noteDropped(&state)
            append(line, &state)
            return true
        }
        if isKept { work.signal() }
    }

    /// Waits until everything is written.
    func flush(within limit: Duration) {
        let mustWait = state.withLock { state in
            guard !state.lines.isEmpty || state.isWriting || state.dropped > 0 else { return false }
            state.waitsForEnd = true
            return true
        }
        work.signal()
        if mustWait { _ = end.wait(timeout: .now() + .milliseconds(Int(limit / .milliseconds(1)))) }
    }

    private func noteDropped(_ state: inout State) {
        guard state.dropped > 0 else { return }
        append(note(state.dropped), &state)
        state.dropped = 0
    }

    private func append(_ line: String, _ state: inout State) {
        state.lines.append(line)
        state.bytes += line.utf8.count
    }

    // MARK: The thread

    private func start() {
        let box = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<LineWriter>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        guard result == 0 else { return box.release() }
        pthread_detach(thread)
    }

    private func run() {
        // Signals are for threads that do something about them.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        while true {
            work.wait()
            while let line = next() { put(line) }
        }
    }

    private func next() -> String? {
        let (line, isAtEnd) = state.withLock { state -> (String?, Bool) in
            if state.lines.isEmpty { noteDropped(&state) }
            guard let line = state.lines.popFirst() else {
                state.isWriting = false
                defer { state.waitsForEnd = false }
                return (nil, state.waitsForEnd)
            }
            // What is being written still takes its room.
            state.isWriting = true
            return (line, false)
        }
        if isAtEnd { end.signal() }
        return line
    }

    private func put(_ line: String) {
        let bytes = Array(line.utf8)
        var rest = bytes[...]
        writing: while !rest.isEmpty {
            do {
                rest = rest.dropFirst(try rest.withUnsafeBytes { try file.write($0) })
            } catch Errno.resourceTemporarilyUnavailable {
                // Somebody made it so that it does not wait; here it does.
                _ = file.isWritable(within: nil)
            } catch {
                // The reader has left, or the disk is full: there is nobody left to tell.
                break writing
            }
        }
        state.withLock { $0.bytes -= bytes.count }
    }
}
