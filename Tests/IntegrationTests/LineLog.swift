import Logging

@testable import ConnmixDurable

/// What was logged, and a way to wait for it. One waiter at a time.
final class LineLog: Sendable {
    private struct State {
        var lines: [String] = []
        var waiter: (words: String, continuation: CheckedContinuation<String, Never>)?
    }

    private let state = Locked(State())

    var lines: [String] { state.withLock { $0.lines } }

    var logger: Logger { Logger(label: "test") { _ in LineLogHandler(log: self) } }

    /// The first line with these words.
    func line(_ words: String) async -> String {
        await withCheckedContinuation { continuation in
            let found = state.withLock { state -> String? in
                if let line = state.lines.first(where: { $0.contains(words) }) { return line }
                state.waiter = (words, continuation)
                return nil
            }
            if let found { continuation.resume(returning: found) }
        }
    }

    fileprivate func keep(_ line: String) {
        let waiter = state.withLock { state -> CheckedContinuation<String, Never>? in
            state.lines.append(line)
            guard let waiter = state.waiter, line.contains(waiter.words) else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume(returning: line)
    }
}

private struct LineLogHandler: LogHandler {
    let log: LineLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        log.keep("\(event.message) \(event.metadata ?? [:])")
    }
}
