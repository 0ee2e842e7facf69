import ConnmixDurable
import Logging

/// The handler that is rehearsed: a process a message, or one worker for all of them.
struct RehearsalHandler: Sendable {
    let program: SidecarProgram
    let isWorker: Bool
    let timeout: Duration?
    /// Whether methods pass that connmix is not known to have.
    let anyMethod: Bool

    private enum End: Sendable {
        case through
        case cannotStart(String)
    }

    /// Runs `body` with trials of the handler.
    ///
    /// - Throws: `Failure` where no worker can be started; what `body` throws.
    func with(_ body: @escaping @Sendable (HandlerTrial) async throws -> Void) async throws {
        let logger = Logger(label: "connmix-durable") { _ in SwiftLogNoOpLogHandler() }
        guard isWorker else {
            let gate = LaunchGate(name: program.name, waits: false, logger: logger)
            return try await ExecHandler.with(program, timeout: timeout, anyMethod: anyMethod, gate: gate, logger: logger) {
                handler in
                try await body(HandlerTrial(Handlers(all: { try await handler.handle($0, $1) })))
            }
        }
        let failures = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let gate = LaunchGate(name: program.name, waits: false, logger: logger) { failures.continuation.yield($0) }
        try await WorkerPool.with(program, gate: gate, count: 1, timeout: timeout, anyMethod: anyMethod, logger: logger) { pool in
            try await withThrowingTaskGroup(of: End?.self) { group in
                group.addTask {
                    try await pool.run()
                    return nil
                }
                group.addTask {
                    for await reason in failures.stream { return .cannotStart(reason) }
                    return nil
                }
                group.addTask {
                    try await body(HandlerTrial(Handlers(all: { try await pool.handle($0, $1) })))
                    return .through
                }
                defer { group.cancelAll() }
                while let end = try await group.next() {
                    switch end {
                    case .through: return
                    case .cannotStart(let reason): throw Failure(.failed, "\(program.name) cannot work: \(reason)")
                    case nil: break
                    }
                }
            }
        }
    }
}
