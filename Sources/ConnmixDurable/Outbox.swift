/// The outbox of a running consumer, for code outside handlers: web servers, timers, admin tools.
///
/// Each method returns once the command is committed; it is then sent until the engine answers, whatever happens to this
/// process. The receipt tells how it ended.
public struct Outbox: Sendable {
    private let core: @Sendable () throws -> ConsumerCore

    init(_ core: @escaping @Sendable () throws -> ConsumerCore) {
        self.core = core
    }

    /// Puts a command into the outbox.
    ///
    /// - Throws: `stopped` where the consumer is not running; errors of the disk. Nothing was accepted then.
    @discardableResult
    public func enqueue(_ command: Command) async throws -> Receipt {
        try await core().enqueue(command)
    }

    @discardableResult
    public func meshSend(to client: ClientID, _ text: String) async throws -> Receipt {
        try await enqueue(.meshSend(to: client, text))
    }

    @discardableResult
    public func meshPublish(to channel: String, _ text: String) async throws -> Receipt {
        try await enqueue(.meshPublish(to: channel, text))
    }

    @discardableResult
    public func subscribe(_ client: ClientID, to channels: String...) async throws -> Receipt {
        try await enqueue(.subscribe(client, to: channels))
    }

    @discardableResult
    public func unsubscribe(_ client: ClientID, from channels: String...) async throws -> Receipt {
        try await enqueue(.unsubscribe(client, from: channels))
    }

    @discardableResult
    public func setContextValue(_ client: ClientID, _ key: String, _ value: some Encodable) async throws -> Receipt {
        try await enqueue(.setContextValue(client, key, value))
    }

    @discardableResult
    public func setContext(_ client: ClientID, _ context: some Encodable) async throws -> Receipt {
        try await enqueue(.setContext(client, context))
    }

    @discardableResult
    public func call(_ client: ClientID, _ function: String, argumentsJSON: String) async throws -> Receipt {
        try await enqueue(.call(client, function, argumentsJSON: argumentsJSON))
    }

    @discardableResult
    public func request(_ method: String, paramsJSON: String) async throws -> Receipt {
        try await enqueue(.request(method, paramsJSON: paramsJSON))
    }
}
