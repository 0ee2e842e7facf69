/// A command for the engine.
///
/// Handlers make commands with the methods of ``HandlerContext``; other code with those of ``Outbox``. Both check their input, so
/// that a command which can never be sent is refused where it is written.
public struct Command: Sendable, Equatable {
    /// What the engine is asked to do.
    public enum Kind: Sendable, Equatable {
        /// `mesh.send`: a frame to one client, wherever in the mesh.
        case send(to: ClientID)
        /// `mesh.publish`: a frame to all subscribers of a channel, on all nodes.
        case publish(channel: String)
        /// `conn.call`: a function of the connection, on the node that holds it.
        case call(client: ClientID, function: String)
        /// Any other method.
        case request(method: String)
    }

    /// What is sent.
    public enum Payload: Sendable, Equatable {
        /// Text, sent as a JSON string; for `call` and `request`, JSON.
        case text(String)
        /// Bytes, sent as base64.
        case binary([UInt8])
    }

    /// Commands are copied from room to room: what they are is behind one reference.
    private final class Content: Sendable {
        let kind: Kind
        let payload: Payload
        let extras: Extras?

        init(_ kind: Kind, _ payload: Payload, _ extras: Extras? = nil) {
            self.kind = kind
            self.payload = payload
            self.extras = extras
        }
    }

    /// What few commands have.
    final class Extras: Sendable, Equatable {
        let options: CommandOptions

        init(_ options: CommandOptions) {
            self.options = options
        }

        static func == (left: Extras, right: Extras) -> Bool { left.options == right.options }
    }

    private var content: Content
    /// The method and its target.
    public var kind: Kind { content.kind }
    /// The frame's content, or the call's arguments; at most `payloadLimit` bytes.
    public var payload: Payload { content.payload }
    var extras: Extras? {
        get { content.extras }
        set { content = Content(kind, payload, newValue) }
    }

    /// The largest payload that a command may have, in bytes: a frame must stay below the engine's limits.
    public static let payloadLimit = 16 << 20

    /// - Throws: `badData` where the command could never be sent.
    init(_ kind: Kind, payload: Payload) throws(ConnmixError) {
        content = Content(kind, payload)
        try check()
    }

    /// A command as it was stored; it was checked when it was made.
    init(stored kind: Kind, payload: Payload) {
        content = Content(kind, payload)
    }

    /// Whether they are the same to the engine, with the same options.
    public static func == (left: Command, right: Command) -> Bool {
        left.kind == right.kind && left.payload == right.payload && left.extras == right.extras
    }

    /// Why a stored command is none; another program may have changed the file. The parts that take long for what is sent most are
    /// left out: text is escaped when it is written.
    var storedProblem: String? {
        switch kind {
        case .send, .publish: return nil
        case .call, .request: break
        }
        do {
            try check()
            return nil
        } catch {
            return error.message
        }
    }

    private func check() throws(ConnmixError) {
        switch kind {
        case .send(let client): try Self.check(name: client.text, "client id")
        case .publish(let channel): try Self.check(channel: channel)
        case .call(let client, let function):
            try Self.check(name: client.text, "client id")
            try Self.check(name: function, "function")
            try Self.check(json: payload, startsWith: "[", "the arguments of \(Quoted.bounded(function))", "a JSON array")
        case .request(let method):
            try Self.check(name: method, "method")
            try Self.check(json: payload, startsWith: "[{", "the params of \(Quoted.bounded(method))", "a JSON object or array")
        }
        guard payload.count <= Self.payloadLimit else {
            throw ConnmixError(
                .badData, "a payload of \(payload.count) bytes is over the limit of \(Self.payloadLimit); send less")
        }
    }

    static func check(channel: String) throws(ConnmixError) {
        try check(name: channel, "channel")
        guard !channel.utf8.contains(UInt8(ascii: " ")) else {
            throw ConnmixError(.badData, "the channel \(Quoted.text(channel)) has a space; connmix takes any text without spaces")
        }
    }

    private static func check(name: String, _ what: String) throws(ConnmixError) {
        guard !name.isEmpty, name.utf8.count <= 1_024 else {
            throw ConnmixError(.badData, "the \(what) has \(name.utf8.count) bytes; give it 1 to 1024")
        }
    }

    private static func check(
        json payload: Payload, startsWith first: String, _ what: String, _ wanted: String
    ) throws(ConnmixError) {
        let isFit = payload.withBytes { bytes in
            bytes.withMemoryRebound(to: UInt8.self) { bytes in
                var scanner = JSONScanner(bytes)
                return first.utf8.contains(scanner.peek()) && JSONScanner.isValue(bytes)
            }
        }
        guard isFit else { throw ConnmixError(.badData, "\(what) are not \(wanted)") }
    }
}

extension Command.Kind {
    var isCall: Bool { if case .call = self { true } else { false } }

    /// Whether any node takes it, by its HTTP api too.
    var isMesh: Bool {
        switch self {
        case .send, .publish: true
        case .call, .request: false
        }
    }
}

extension Command.Payload {
    var count: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
    }

    func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        switch self {
        case .text(let text): try text.lend { try body(UnsafeRawBufferPointer($0)) }
        case .binary(let bytes): try bytes.withUnsafeBytes(body)
        }
    }
}

extension Command {
    /// The name of the method on the wire.
    public var method: String {
        switch kind {
        case .send: "mesh.send"
        case .publish: "mesh.publish"
        case .call: "conn.call"
        case .request(let method): method
        }
    }

    /// The client the command is for, if it is for one.
    public var client: ClientID? {
        switch kind {
        case .send(let client), .call(let client, _): client
        case .publish, .request: nil
        }
    }
}

extension Command: CustomStringConvertible {
    /// One line, for failed tests: `mesh.send to 7 "hello"`. It holds the payload, so it does not belong into a log.
    public var description: String {
        let what =
            switch payload {
            case .text(let text):
                switch kind {
                case .send, .publish: text.debugDescription
                case .call, .request: text
                }
            case .binary(let bytes): "\(bytes.count) bytes \(bytes)"
            }
        return switch kind {
        case .send(let client): "mesh.send to \(client) \(what)"
        case .publish(let channel): "mesh.publish to \(channel) \(what)"
        case .call(let client, let function): "conn.call of \(client) \(function)\(what)"
        case .request(let method): "\(method) \(what)"
        }
    }
}
