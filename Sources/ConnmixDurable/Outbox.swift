/// The outbox of a running consumer, for code outside handlers: web servers, timers, admin tools.
///
/// Each method returns once the command is committed; it is then sent until the engine answers, whatever happens to this
/// process. The receipt tells how it ended. May be used from any task, while the consumer runs.
public struct Outbox: Sendable {
    private let core: @Sendable () throws -> ConsumerCore

    init(_ core: @escaping @Sendable () throws -> ConsumerCore) {
        self.core = core
    }

    /// Puts a command into the outbox.
    ///
    /// - Throws: `stopped` where the consumer is not running; errors of the disk; `CancellationError` where the task was cancelled before a commit
    ///   began to take it. Nothing was accepted then. `timedOut` where the commit that took it has not come back for five seconds, or was still under
    ///   way when the consumer stopped: whether it was accepted is not known, and only one with an idempotency key may be enqueued again.
    @discardableResult
    public func enqueue(_ command: Command) async throws -> Receipt {
        try await enqueue([command])[0]
    }

    /// Puts commands into the outbox in one transaction: all of them or none, in their order.
    ///
    /// They are committed together with whatever else waits, and everybody waits for that commit: thousands at a time, not millions.
    ///
    /// - Returns: one receipt for each. A command whose idempotency key was there before has the receipt of the first one.
    /// - Throws: `badData` where none is given; as `enqueue` of one. Nothing was accepted then.
    @discardableResult
    public func enqueue(_ commands: [Command]) async throws -> [Receipt] {
        guard !commands.isEmpty else { throw ConnmixError(.badData, "no command is given; give at least one") }
        return try await core().enqueue(commands)
    }

    /// Enqueues a text frame to one end user, wherever in the mesh.
    ///
    /// - Throws: `badData` where it could never be sent (see ``Command``); what `enqueue` throws.
    @discardableResult
    public func meshSend(to client: ClientID, _ text: String) async throws -> Receipt {
        try await enqueue(.meshSend(to: client, text))
    }

    /// Enqueues a text frame to one end user that holds a value as JSON.
    ///
    /// - Throws: as `meshSend` of a text; `badData` where the value cannot be written as JSON.
    @discardableResult
    public func meshSend(to client: ClientID, json value: some Encodable) async throws -> Receipt {
        try await enqueue(.meshSend(to: client, json: value))
    }

    /// Enqueues a text frame to all subscribers of a channel. The answer says how many it reached.
    ///
    /// - Throws: as `meshSend`.
    @discardableResult
    public func meshPublish(to channel: String, _ text: String) async throws -> Receipt {
        try await enqueue(.meshPublish(to: channel, text))
    }

    /// Enqueues a text frame to all subscribers of a channel that holds a value as JSON.
    ///
    /// - Throws: as `meshSend` of a value.
    @discardableResult
    public func meshPublish(to channel: String, json value: some Encodable) async throws -> Receipt {
        try await enqueue(.meshPublish(to: channel, json: value))
    }

    /// Enqueues channels to be added to an end user's connection.
    ///
    /// - Throws: `badData` where no channel is named, or one is empty or has spaces; what `enqueue` throws.
    @discardableResult
    public func subscribe(_ client: ClientID, to channels: [String]) async throws -> Receipt {
        try await enqueue(.subscribe(client, to: channels))
    }

    /// Enqueues channels to be added to an end user's connection, named one by one.
    ///
    /// - Throws: as `subscribe` of an array.
    @discardableResult
    public func subscribe(_ client: ClientID, to channels: String...) async throws -> Receipt {
        try await subscribe(client, to: channels)
    }

    /// Enqueues channels to be removed from an end user's connection.
    ///
    /// - Throws: as `subscribe`.
    @discardableResult
    public func unsubscribe(_ client: ClientID, from channels: [String]) async throws -> Receipt {
        try await enqueue(.unsubscribe(client, from: channels))
    }

    /// Enqueues channels to be removed from an end user's connection, named one by one.
    ///
    /// - Throws: as `subscribe`.
    @discardableResult
    public func unsubscribe(_ client: ClientID, from channels: String...) async throws -> Receipt {
        try await unsubscribe(client, from: channels)
    }

    /// Enqueues one value of a connection's context, which wakes Lua code that waits for it. The others stay.
    ///
    /// - Throws: `badData` where the value cannot be written as JSON; what `enqueue` throws.
    @discardableResult
    public func setContextValue(_ client: ClientID, _ key: String, _ value: some Encodable) async throws -> Receipt {
        try await enqueue(.setContextValue(client, key, value))
    }

    /// Enqueues a connection's context. Whether the engine replaces or merges is not documented; single values are certain.
    ///
    /// - Throws: as `setContextValue`.
    @discardableResult
    public func setContext(_ client: ClientID, _ context: some Encodable) async throws -> Receipt {
        try await enqueue(.setContext(client, context))
    }

    /// Enqueues a call of any function of an end user's connection.
    ///
    /// Nodes are asked in turn until one holds the connection. `enqueue` with ``CommandOptions/node`` spares that.
    ///
    /// - Parameters:
    ///   - client: the end user's connection.
    ///   - function: the function's name on the wire, such as `set_context_value`.
    ///   - argumentsJSON: a JSON array.
    /// - Throws: `badData` where the arguments are none, or the function's name is empty; what `enqueue` throws.
    @discardableResult
    public func call(_ client: ClientID, _ function: String, argumentsJSON: String) async throws -> Receipt {
        try await enqueue(.call(client, function, argumentsJSON: argumentsJSON))
    }

    /// Enqueues any other method of the engine.
    ///
    /// - Parameters:
    ///   - method: its name on the wire.
    ///   - paramsJSON: a JSON object or array.
    /// - Throws: `badData` where the params are neither, or the method's name is empty; what `enqueue` throws.
    @discardableResult
    public func request(_ method: String, paramsJSON: String) async throws -> Receipt {
        try await enqueue(.request(method, paramsJSON: paramsJSON))
    }
}
