internal import FoundationEssentials

extension Command {
    /// Reads a request as it stands on the wire, without the id: `{"m":"mesh.send","p":{"c":"1463786910324359168","d":"hello"}}`.
    ///
    /// This is how handlers in other languages write commands. `mesh.send`, `mesh.publish` and `conn.call` are checked like
    /// the ones that are made in Swift; any other method goes out as it is.
    ///
    /// - Throws: `badData`, saying what is wrong; never with parts of the payload.
    public init(wire json: [UInt8]) throws(ConnmixError) {
        let isText = json.withUnsafeBufferPointer { JSONScanner.isValue($0) }
        guard isText else { throw ConnmixError(.badData, "it is not JSON") }
        let members = try RequestMembers(json)
        guard let method = members.text("m") else { throw ConnmixError(.badData, "\"m\", the method, is missing or no text") }
        try members.refuse(unless: ["m", "p", "i"], in: "a request")
        switch method {
        case "mesh.send":
            let params = try members.params(of: method, allowing: ["c", "d", "t"])
            try self.init(.send(to: params.client()), payload: params.payload())
        case "mesh.publish":
            let params = try members.params(of: method, allowing: ["c", "d", "t"])
            guard let channel = params.text("c") else {
                throw ConnmixError(.badData, "\"c\", the channel, is missing or no text")
            }
            try self.init(.publish(channel: channel), payload: params.payload())
        case "conn.call":
            let params = try members.params(of: method, allowing: ["c", "f", "a"])
            guard let function = params.text("f") else {
                throw ConnmixError(.badData, "\"f\", the function, is missing or no text")
            }
            try self.init(
                .call(client: params.client(), function: function), payload: .text(params.raw("a") ?? "[]"))
        default:
            guard let params = members.raw("p") else { throw ConnmixError(.badData, "\"p\", the params, are missing") }
            try self.init(.request(method: method), payload: .text(params))
        }
    }
}

/// The members of a JSON object, unread.
private struct RequestMembers {
    private let json: [UInt8]
    private var places: [String: Range<Int>] = [:]

    /// - Parameter json: checked JSON.
    init(_ json: [UInt8]) throws(ConnmixError) {
        self.json = json
        var places: [String: Range<Int>] = [:]
        let isObject = json.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            return scanner.object { key, escaped, scanner in
                guard let place = scanner.value() else { return false }
                places[scanner.text((key, escaped))] = place
                return true
            }
        }
        guard isObject else { throw ConnmixError(.badData, "it is no JSON object") }
        self.places = places
    }

    func refuse(unless known: Set<String>, in what: String) throws(ConnmixError) {
        guard places.keys.allSatisfy(known.contains) else {
            throw ConnmixError(
                .badData, "\(what) has only the members \(known.sorted().joined(separator: ", ")); it has others")
        }
    }

    func params(of method: String, allowing known: Set<String>) throws(ConnmixError) -> RequestMembers {
        guard let place = places["p"] else { throw ConnmixError(.badData, "\"p\", the params, are missing") }
        let params = try RequestMembers(Array(json[place]))
        try params.refuse(unless: known, in: "\(method)")
        return params
    }

    /// The member's JSON.
    func raw(_ key: String) -> String? {
        places[key].map { String(decoding: json[$0], as: UTF8.self) }
    }

    /// The member, where it is a JSON string.
    func text(_ key: String) -> String? {
        guard let place = places[key] else { return nil }
        return json[place].withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            return scanner.string().map { scanner.text($0) }
        }
    }

    /// Client ids are text; some engines and scripts have them as numbers, and they go back in the same form.
    func client() throws(ConnmixError) -> ClientID {
        if let text = text("c") { return ClientID(text) }
        guard let raw = raw("c"), ClientID(raw, isNumber: true).isNumber else {
            throw ConnmixError(.badData, "\"c\", the client, is missing or no id")
        }
        return ClientID(raw, isNumber: true)
    }

    func payload() throws(ConnmixError) -> Command.Payload {
        guard let text = text("d") else { throw ConnmixError(.badData, "\"d\", the payload, is missing or no text") }
        guard let type = raw("t"), type != #""text""# else { return .text(text) }
        guard type == #""binary""# else { throw ConnmixError(.badData, "\"t\", the type, is neither text nor binary") }
        guard let bytes = Data(base64Encoded: text) else {
            throw ConnmixError(.badData, "\"d\", a binary payload, is not base64")
        }
        return .binary(Array(bytes))
    }
}
