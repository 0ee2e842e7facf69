internal import FoundationEssentials

/// Makes commands. All of connmix's are here; any other method goes through `request`.
///
/// - Throws: each method throws `ConnmixError.Code.badData` where the command could never be sent: an empty client or
///   channel, a channel with spaces, a value that is no JSON, a payload over `Command.payloadLimit`.
extension Command {
    /// A text frame to one end user, wherever in the mesh.
    ///
    /// - Throws: `badData` where the client's id is empty or longer than 1,024 bytes, or the payload is over `payloadLimit`.
    public static func meshSend(to client: ClientID, _ text: String) throws(ConnmixError) -> Command {
        try Command(.send(to: client), payload: .text(text))
    }

    /// A text frame to one end user that holds a value as JSON.
    ///
    /// - Throws: as `meshSend` of a text; `badData` where the value cannot be written as JSON.
    public static func meshSend(to client: ClientID, json value: some Encodable) throws(ConnmixError) -> Command {
        try meshSend(to: client, json(value))
    }

    /// A binary frame to one end user.
    ///
    /// - Throws: as `meshSend` of a text.
    public static func meshSend(to client: ClientID, binary: [UInt8]) throws(ConnmixError) -> Command {
        try Command(.send(to: client), payload: .binary(binary))
    }

    /// A text frame to all subscribers of a channel, on all nodes.
    ///
    /// - Throws: `badData` where the channel is empty, has spaces or more than 1,024 bytes, or the payload is over `payloadLimit`.
    public static func meshPublish(to channel: String, _ text: String) throws(ConnmixError) -> Command {
        try Command(.publish(channel: channel), payload: .text(text))
    }

    /// A text frame to all subscribers of a channel that holds a value as JSON.
    ///
    /// - Throws: as `meshPublish` of a text; `badData` where the value cannot be written as JSON.
    public static func meshPublish(to channel: String, json value: some Encodable) throws(ConnmixError) -> Command {
        try meshPublish(to: channel, json(value))
    }

    /// A binary frame to all subscribers of a channel.
    ///
    /// - Throws: as `meshPublish` of a text.
    public static func meshPublish(to channel: String, binary: [UInt8]) throws(ConnmixError) -> Command {
        try Command(.publish(channel: channel), payload: .binary(binary))
    }

    /// Adds channels to an end user's connection.
    ///
    /// - Throws: `badData` where no channel is named, or one is empty, has spaces or more than 1,024 bytes.
    public static func subscribe(_ client: ClientID, to channels: [String]) throws(ConnmixError) -> Command {
        try channelCall("subscribe", client, channels)
    }

    /// Removes channels from an end user's connection.
    ///
    /// - Throws: as `subscribe`.
    public static func unsubscribe(_ client: ClientID, from channels: [String]) throws(ConnmixError) -> Command {
        try channelCall("unsubscribe", client, channels)
    }

    /// Sets one value of a connection's context, and wakes Lua code that waits for it. The others stay.
    ///
    /// - Throws: `badData` where the value cannot be written as JSON, or is over `payloadLimit`.
    public static func setContextValue(
        _ client: ClientID, _ key: String, _ value: some Encodable
    ) throws(ConnmixError) -> Command {
        try Command(
            .call(client: client, function: "set_context_value"),
            payload: .text("[\(json(key)),\(json(value))]"))
    }

    /// Sets a connection's context. Whether the engine replaces or merges is not documented; single values are certain.
    ///
    /// - Throws: as `setContextValue`.
    public static func setContext(_ client: ClientID, _ context: some Encodable) throws(ConnmixError) -> Command {
        try Command(.call(client: client, function: "set_context"), payload: .text("[\(json(context))]"))
    }

    /// Any function of an end user's connection.
    ///
    /// - Parameters:
    ///   - client: the end user's connection.
    ///   - function: the function's name on the wire, such as `set_context_value`.
    ///   - argumentsJSON: a JSON array.
    /// - Throws: `badData` where the arguments are none, or the function's name is empty.
    public static func call(
        _ client: ClientID, _ function: String, argumentsJSON: String
    ) throws(ConnmixError) -> Command {
        try Command(.call(client: client, function: function), payload: .text(argumentsJSON))
    }

    /// Any method of the engine.
    ///
    /// - Parameters:
    ///   - method: its name on the wire. No method is checked, and none is refused.
    ///   - paramsJSON: a JSON object or array.
    /// - Throws: `badData` where the params are neither, or the method's name is empty.
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
