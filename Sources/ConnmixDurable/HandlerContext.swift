/// Where a handler puts its commands.
///
/// Commands are only staged. They reach the outbox in the transaction that marks the message done (promise P3): a handler
/// that throws leaves none behind. Safe to use from child tasks of the handler; once the handler has returned, every method
/// throws `ConnmixError.Code.stopped`.
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
    }

    private let state = Locked(State())

    /// A context on its own, outside a consumer. To test handlers, `HandlerTrial` does more.
    public init() {}

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
    /// run for more than five seconds in all are interrupted, and the attempt has failed.
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

    /// The attempt begins now and not when the handler was called: until now it has waited for its turn.
    package func begin() {
        state.withLock { $0.begunAt = Clock.now() }
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

/// Changes to a handler's own tables. See `HandlerContext.write`.
public typealias OwnWrite = @Sendable (borrowing OwnTables) throws -> Void

/// Shorthands for staging each kind of command. What each does and throws is documented at `Command`.
extension HandlerContext {
    /// Stages a text frame to one end user, wherever in the mesh.
    ///
    /// - Throws: `badData` where the client's id is empty or the text is over `Command.payloadLimit`; `stopped` where the
    ///   handler has ended already.
    public func meshSend(to client: ClientID, _ text: String) throws(ConnmixError) {
        try stage(.meshSend(to: client, text))
    }

    /// Stages a binary frame to one end user, wherever in the mesh.
    ///
    /// - Throws: as `meshSend` of a text.
    public func meshSend(to client: ClientID, binary: [UInt8]) throws(ConnmixError) {
        try stage(.meshSend(to: client, binary: binary))
    }

    /// Stages a text frame to all subscribers of a channel, on all nodes.
    ///
    /// - Throws: `badData` where the channel is empty or has spaces, or the text is over `Command.payloadLimit`; `stopped`.
    public func meshPublish(to channel: String, _ text: String) throws(ConnmixError) {
        try stage(.meshPublish(to: channel, text))
    }

    /// Stages a binary frame to all subscribers of a channel, on all nodes.
    ///
    /// - Throws: as `meshPublish` of a text.
    public func meshPublish(to channel: String, binary: [UInt8]) throws(ConnmixError) {
        try stage(.meshPublish(to: channel, binary: binary))
    }

    /// Stages channels to be added to an end user's connection.
    ///
    /// - Throws: `badData` where no channel is named, or one is empty or has spaces; `stopped`.
    public func subscribe(_ client: ClientID, to channels: String...) throws(ConnmixError) {
        try stage(.subscribe(client, to: channels))
    }

    /// Stages channels to be removed from an end user's connection.
    ///
    /// - Throws: as `subscribe`.
    public func unsubscribe(_ client: ClientID, from channels: String...) throws(ConnmixError) {
        try stage(.unsubscribe(client, from: channels))
    }

    /// Stages one value of a connection's context, which wakes Lua code that waits for it. The others stay.
    ///
    /// - Throws: `badData` where the value cannot be written as JSON; `stopped`.
    public func setContextValue(_ client: ClientID, _ key: String, _ value: some Encodable) throws(ConnmixError) {
        try stage(.setContextValue(client, key, value))
    }

    /// Stages a connection's context. Whether the engine replaces or merges is not documented; single values are certain.
    ///
    /// - Throws: as `setContextValue`.
    public func setContext(_ client: ClientID, _ context: some Encodable) throws(ConnmixError) {
        try stage(.setContext(client, context))
    }

    /// Stages a call of any function of an end user's connection.
    ///
    /// - Parameter argumentsJSON: a JSON array.
    /// - Throws: `badData` where the arguments are none, or the function's name is empty; `stopped`.
    public func call(_ client: ClientID, _ function: String, argumentsJSON: String) throws(ConnmixError) {
        try stage(.call(client, function, argumentsJSON: argumentsJSON))
    }

    /// Stages any other method of the engine.
    ///
    /// - Parameter paramsJSON: a JSON object or array.
    /// - Throws: `badData` where the params are neither, or the method's name is empty; `stopped`.
    public func request(_ method: String, paramsJSON: String) throws(ConnmixError) {
        try stage(.request(method, paramsJSON: paramsJSON))
    }
}
