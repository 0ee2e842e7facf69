internal import FoundationEssentials

/// Makes commands. All of connmix's are here; any other method goes through `request`.
///
/// - Throws: each method throws `ConnmixError.Code.badData` where the command could never be sent: an empty client or
///   channel, a channel with spaces, a value that is no JSON, a payload over `Command.payloadLimit`.
extension Command {
    /// A text frame to one end user, wherever in the mesh.
    public static func meshSend(to client: ClientID, _ text: String) throws(ConnmixError) -> Command {
        try Command(.send(to: client), payload: .text(text))
    }

    /// A text frame to one end user that holds a value as JSON.
    public static func meshSend(to client: ClientID, json value: some Encodable) throws(ConnmixError) -> Command {
        try meshSend(to: client, json(value))
    }

    /// A binary frame to one end user.
    public static func meshSend(to client: ClientID, binary: [UInt8]) throws(ConnmixError) -> Command {
        try Command(.send(to: client), payload: .binary(binary))
    }

    /// A text frame to all subscribers of a channel, on all nodes.
    public static func meshPublish(to channel: String, _ text: String) throws(ConnmixError) -> Command {
        try Command(.publish(channel: channel), payload: .text(text))
    }

    /// A text frame to all subscribers of a channel that holds a value as JSON.
    public static func meshPublish(to channel: String, json value: some Encodable) throws(ConnmixError) -> Command {
        try meshPublish(to: channel, json(value))
    }

    /// A binary frame to all subscribers of a channel.
    public static func meshPublish(to channel: String, binary: [UInt8]) throws(ConnmixError) -> Command {
        try Command(.publish(channel: channel), payload: .binary(binary))
    }

    /// Adds channels to an end user's connection.
    public static func subscribe(_ client: ClientID, to channels: [String]) throws(ConnmixError) -> Command {
        try channelCall("subscribe", client, channels)
    }

    /// Removes channels from an end user's connection.
    public static func unsubscribe(_ client: ClientID, from channels: [String]) throws(ConnmixError) -> Command {
        try channelCall("unsubscribe", client, channels)
    }

    /// Sets one value of a connection's context, and wakes Lua code that waits for it.
    public static func setContextValue(
        _ client: ClientID, _ key: String, _ value: some Encodable
    ) throws(ConnmixError) -> Command {
        try Command(
            .call(client: client, function: "set_context_value"),
            payload: .text("[\(json(key)),\(json(value))]"))
    }

    /// Sets a connection's context. Whether the engine replaces or merges is not documented; single values are certain.
    public static func setContext(_ client: ClientID, _ context: some Encodable) throws(ConnmixError) -> Command {
        try Command(.call(client: client, function: "set_context"), payload: .text("[\(json(context))]"))
    }

    /// Any function of an end user's connection.
    ///
    /// - Parameter argumentsJSON: a JSON array.
    public static func call(
        _ client: ClientID, _ function: String, argumentsJSON: String
    ) throws(ConnmixError) -> Command {
        try Command(.call(client: client, function: function), payload: .text(argumentsJSON))
    }

    /// Any method of the engine.
    ///
    /// - Parameter paramsJSON: a JSON object or array.
    public static func request(_ method: String, paramsJSON: String) throws(ConnmixError) -> Command {
        try Command(.request(method: method), payload: .text(paramsJSON))
    }

    private static func channelCall(
        _ function: String, _ client: ClientID, _ channels: [String]
    ) throws(ConnmixError) -> Command {
        guard !channels.isEmpty else { throw ConnmixError(.badData, "\(function) needs at least one channel") }
        for channel in channels { try check(channel: channel) }
        return try Command(.call(client: client, function: function), payload: .text(json(channels)))
    }

    private static func json(_ value: some Encodable) throws(ConnmixError) -> String {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw ConnmixError(.badData, "the value cannot be written as JSON: \(error)")
        }
    }
}
