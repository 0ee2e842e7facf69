/// How a command is sent, where the defaults do not fit.
///
/// ```swift
/// let command = try Command.meshSend(to: message.client, "your taxi is here").with { options in
///     options.expiresAfter = .seconds(60)
///     options.delivery = .atMostOnce
/// }
/// try context.stage(command)
/// ```
public struct CommandOptions: Sendable, Equatable {
    /// How often a command may reach the engine.
    public enum Delivery: Sendable, Equatable {
        /// Sent until the engine answers: after a lost answer the end user may get it twice.
        case atLeastOnce
        /// Written to a socket once. Without an answer nobody knows whether it was applied: it ends as ``CommandState/unknown``, for an
        /// operator to decide. Costs a commit before the write.
        case atMostOnce
    }

    /// What a command waits for before it is sent.
    public enum Ordering: Sendable, Equatable {
        /// After the earlier unsettled commands of its lane and to its target.
        case lanes
        /// As soon as a connection will do. It waits for nothing and nothing waits for it.
        case none
    }

    /// Whether it is written again when no answer came. The default repeats it.
    public var delivery = Delivery.atLeastOnce
    /// Whether it keeps an order with other commands. The default does.
    public var ordering = Ordering.lanes
    /// Not sent any more when this long has passed since it was committed; it ends as ``CommandState/expired``. 1 ms to ten years.
    public var expiresAfter: Duration?
    /// Not sent before this time, in microseconds since 1970, UTC. What comes after it in its lane or to its target waits with it.
    public var notBefore: Int64?
    /// The lane it keeps its order in, in place of the message's; 1 to 1,024 bytes.
    public var lane: String?
    /// A second command with the same key is not accepted: the first one's receipt is given. Keys live as long as their rows (see
    /// ``ConsumerConfiguration/retention``). 1 to 1,024 bytes.
    public var idempotencyKey: String?
    /// Earlier commands that set the same context value of the same client, and were never written to a socket, are not sent:
    /// they end as ``CommandState/superseded``. Only for `setContextValue`.
    public var supersedesEarlier = false
    /// The node a call or another request goes to, by its id. For code outside handlers, which have no message that tells the node.
    public var node: String?

    /// The defaults: sent in order until the engine answers, at once, and for as long as that takes.
    public init() {}
}

extension Command {
    /// How it is sent.
    public var options: CommandOptions { extras?.options ?? CommandOptions() }

    /// The same command with other options.
    ///
    /// - Throws: `badData` where an option does not fit the command or its range.
    public func with(_ change: (inout CommandOptions) -> Void) throws(ConnmixError) -> Command {
        var options = options
        change(&options)
        try check(options)
        var command = self
        command.extras = options == CommandOptions() ? nil : Extras(options)
        return command
    }

    private func check(_ options: CommandOptions) throws(ConnmixError) {
        if let limit = options.expiresAfter {
            guard limit >= .milliseconds(1), limit <= .seconds(3_650 * 86_400) else {
                throw ConnmixError(.badData, "expiresAfter is \(limit.text); it may be 1 ms to ten years")
            }
        }
        if let time = options.notBefore, time < 0 {
            throw ConnmixError(.badData, "notBefore is \(time); it is a time in microseconds since 1970")
        }
        for (name, text) in [("lane", options.lane), ("idempotencyKey", options.idempotencyKey), ("node", options.node)] {
            guard let text else { continue }
            guard !text.isEmpty, text.utf8.count <= 1_024 else {
                throw ConnmixError(.badData, "\(name) has \(text.utf8.count) bytes; give it 1 to 1024")
            }
        }
        if options.supersedesEarlier, compactionKey == nil {
            throw ConnmixError(.badData, "only setContextValue can supersede earlier commands; \(Quoted.bounded(method)) cannot")
        }
        if options.node != nil {
            switch kind {
            case .call, .request: break
            case .send, .publish:
                throw ConnmixError(.badData, "\(method) reaches its target from any node; name none")
            }
        }
    }

    /// What a later command may supersede it by: the client and the context value's name.
    var compactionKey: String? {
        guard case .call(let client, "set_context_value") = kind, case .text(let arguments) = payload else { return nil }
        let name = arguments.lend { bytes -> String? in
            var scanner = JSONScanner(bytes)
            guard scanner.consume(UInt8(ascii: "[")), scanner.peek() == UInt8(ascii: "\"") else { return nil }
            return scanner.string().map { scanner.text($0) }
        }
        return name.map { "\(client.text) \($0)" }
    }
}
