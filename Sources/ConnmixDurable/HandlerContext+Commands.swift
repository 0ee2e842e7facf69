/// Shorthands for staging each kind of command. What each does and throws is documented at `Command`.
extension HandlerContext {
    /// Stages a text frame to one end user, wherever in the mesh.
    ///
    /// - Throws: `badData` where the client's id is empty or the text is over ``Command/payloadLimit``; `stopped` where the
    ///   handler has ended already.
    public func meshSend(to client: ClientID, _ text: String) throws(ConnmixError) {
        try stage(.meshSend(to: client, text))
    }

    /// Stages a text frame to one end user that holds a value as JSON.
    ///
    /// - Throws: as `meshSend` of a text; `badData` where the value cannot be written as JSON.
    public func meshSend(to client: ClientID, json value: some Encodable) throws(ConnmixError) {
        try stage(.meshSend(to: client, json: value))
    }

    /// Stages a binary frame to one end user, wherever in the mesh.
    ///
    /// - Throws: as `meshSend` of a text.
    public func meshSend(to client: ClientID, binary: [UInt8]) throws(ConnmixError) {
        try stage(.meshSend(to: client, binary: binary))
    }

    /// Stages a text frame to all subscribers of a channel, on all nodes.
    ///
    /// - Throws: `badData` where the channel is empty or has spaces, or the text is over ``Command/payloadLimit``; `stopped`.
    public func meshPublish(to channel: String, _ text: String) throws(ConnmixError) {
        try stage(.meshPublish(to: channel, text))
    }

    /// Stages a text frame to all subscribers of a channel that holds a value as JSON.
    ///
    /// - Throws: as `meshPublish` of a text; `badData` where the value cannot be written as JSON.
    public func meshPublish(to channel: String, json value: some Encodable) throws(ConnmixError) {
        try stage(.meshPublish(to: channel, json: value))
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
    public func subscribe(_ client: ClientID, to channels: [String]) throws(ConnmixError) {
        try stage(.subscribe(client, to: channels))
    }

    /// Stages channels to be added to an end user's connection, named one by one.
    ///
    /// - Throws: as `subscribe` of an array.
    public func subscribe(_ client: ClientID, to channels: String...) throws(ConnmixError) {
        try subscribe(client, to: channels)
    }

    /// Stages channels to be removed from an end user's connection.
    ///
    /// - Throws: as `subscribe`.
    public func unsubscribe(_ client: ClientID, from channels: [String]) throws(ConnmixError) {
        try stage(.unsubscribe(client, from: channels))
    }

    /// Stages channels to be removed from an end user's connection, named one by one.
    ///
    /// - Throws: as `subscribe`.
    public func unsubscribe(_ client: ClientID, from channels: String...) throws(ConnmixError) {
        try unsubscribe(client, from: channels)
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
    /// - Parameters:
    ///   - client: the end user's connection.
    ///   - function: the function's name on the wire, such as `set_context_value`.
    ///   - argumentsJSON: a JSON array.
    /// - Throws: `badData` where the arguments are none, or the function's name is empty; `stopped`.
    public func call(_ client: ClientID, _ function: String, argumentsJSON: String) throws(ConnmixError) {
        try stage(.call(client, function, argumentsJSON: argumentsJSON))
    }

    /// Stages any other method of the engine.
    ///
    /// - Parameters:
    ///   - method: its name on the wire.
    ///   - paramsJSON: a JSON object or array.
    /// - Throws: `badData` where the params are neither, or the method's name is empty; `stopped`.
    public func request(_ method: String, paramsJSON: String) throws(ConnmixError) {
        try stage(.request(method, paramsJSON: paramsJSON))
    }
}
