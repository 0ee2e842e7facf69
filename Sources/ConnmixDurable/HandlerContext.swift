/// Where a handler puts its commands.
///
/// Commands are only staged. They reach the outbox in the transaction that marks the message done (promise P3): a handler
/// that throws leaves none behind. Safe to use from child tasks of the handler; once the handler has returned, every method
/// throws ``ConnmixError/Code/stopped``.
///
/// ```swift
/// handlers.handle("chat") { message, context in
///     try context.subscribe(message.client, to: "room:7")
///     try context.meshSend(to: message.client, "welcome")
/// }
/// ```
public final class HandlerContext: Sendable {
    private struct State {
        var commands: [Command] = []
        var writes: [OwnWrite] = []
        var isClosed = false
        var begunAt: Int64?
        var hasMissedDatabase = false
        var diskTrouble: ConnmixError?
    }

    private let state = Locked(State())
    private let reading: ReadingPool?
    /// Called when a handler says that its attempt begins, and never once it has ended.
    private let onBegin: (@Sendable () -> Void)?

    /// A context on its own, outside a consumer. To test handlers, ``HandlerTrial`` does more.
    public init() {
        (reading, onBegin) = (nil, nil)
    }

    init(reading: ReadingPool?, onBegin: (@Sendable () -> Void)? = nil) {
        (self.reading, self.onBegin) = (reading, onBegin)
    }

    /// What was staged so far, in order.
    public var commands: [Command] {
        state.withLock { $0.commands }
    }

    /// Stages a command.
    ///
    /// - Throws: `stopped` where the handler has ended already.
    public func stage(_ command: Command) throws(ConnmixError) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.commands.append(command) }
            return state.isClosed
        }
        if isClosed {
            throw ConnmixError(.stopped, "the handler has ended; commands must be issued before it returns")
        }
    }

    /// Registers changes to tables of your own, in the same database file.
    ///
    /// `body` runs inside the transaction that marks the message done, on the writer's thread, after the handler has returned: both
    /// are committed, or neither. If it throws, its changes are undone and the attempt has failed; other messages are not
    /// touched by that. It may run more than once for one commit, and must be short: everybody's commit waits for it. Statements that
    /// run for more than five seconds in all are interrupted, and the attempt has failed. What rows say can decide which commands go out:
    /// ``OwnTables/stage(_:)``.
    ///
    /// - Throws: `stopped` where the handler has ended already.
    public func write(_ body: @escaping OwnWrite) throws(ConnmixError) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.writes.append(body) }
            return state.isClosed
        }
        if isClosed {
            throw ConnmixError(.stopped, "the handler has ended; writes must be registered before it returns")
        }
    }

    /// Reads tables of your own, as they are committed.
    ///
    /// `body` runs at once, on a connection that can only read and on a thread of its own; four of them read at a time, others wait for
    /// their turn. It sees nothing of what this handler registers with `write`. Keep it short: statements that run for more than five
    /// seconds in all are interrupted. What is read may have changed until the commit; what must hold then is decided in `write`.
    ///
    /// - Throws: what `body` throws; `stopped` where the handler has ended already; `invalidConfiguration` where there is no database;
    ///   `CancellationError` where the handler's task is cancelled while it waits for its turn or reads.
    public func read<T: Sendable>(_ body: @escaping @Sendable (borrowing TableSnapshot) throws -> T) async throws -> T {
        guard !state.withLock({ $0.isClosed }) else {
            throw ConnmixError(.stopped, "the handler has ended; tables must be read before it returns")
        }
        guard let reading else {
            state.withLock { $0.hasMissedDatabase = true }
            throw ConnmixError(
                .invalidConfiguration, "there is no database here to read tables of; run the handler in a consumer")
        }
        do {
            return try await TableSnapshot.read(reading, body)
        } catch let error as ConnmixError where error.isTransient {
            state.withLock { $0.diskTrouble = error }
            throw error
        }
    }

    /// The disk, or what else passes, kept the handler from reading: no fault of its message.
    var diskTrouble: ConnmixError? { state.withLock { $0.diskTrouble } }

    /// The handler wanted to read where there is no database.
    var hasMissedDatabase: Bool { state.withLock { $0.hasMissedDatabase } }

    /// The attempt begins now and not when the handler was called: until now it has waited for its turn.
    package func begin() {
        state.withLock { state in
            state.begunAt = Clock.now()
            if !state.isClosed { onBegin?() }
        }
    }

    /// When the attempt began, where the handler has said so, in microseconds since 1970.
    var begunAt: Int64? { state.withLock { $0.begunAt } }

    /// Ends staging.
    func close() -> (commands: [Command], writes: [OwnWrite]) {
        state.withLock { state in
            state.isClosed = true
            return (state.commands, state.writes)
        }
    }
}

/// Changes to a handler's own tables. See ``HandlerContext/write(_:)``.
public typealias OwnWrite = @Sendable (borrowing OwnTables) throws -> Void
