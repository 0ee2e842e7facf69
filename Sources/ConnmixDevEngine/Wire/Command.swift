import NIOCore

/// The methods of the engine API.
enum Method: Int, CaseIterable {
    case pop, unpop, call, send, publish, ping, other

    var name: String {
        switch self {
        case .pop: "queue.pop"
        case .unpop: "queue.unpop"
        case .call: "conn.call"
        case .send: "mesh.send"
        case .publish: "mesh.publish"
        case .ping: "server.ping"
        case .other: "other"
        }
    }

    init(_ bytes: UnsafeRawBufferPointer, _ content: Range<Int>) {
        if JSONText.equals(bytes, content, "mesh.send") {
            self = .send
        } else if JSONText.equals(bytes, content, "conn.call") {
            self = .call
        } else if JSONText.equals(bytes, content, "mesh.publish") {
            self = .publish
        } else if JSONText.equals(bytes, content, "queue.pop") {
            self = .pop
        } else if JSONText.equals(bytes, content, "queue.unpop") {
            self = .unpop
        } else if JSONText.equals(bytes, content, "server.ping") {
            self = .ping
        } else {
            self = .other
        }
    }
}

/// One request as it came in: where its parts lie in the frame.
struct Command {
    var method: Method
    /// JSON of `m`, with its quotes.
    var name: Range<Int>?
    /// JSON of `p`.
    var params: Range<Int>?
    /// JSON of `i`, echoed as it is.
    var id: Range<Int>?

    /// Nil when the bytes are not one JSON object.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var name: Range<Int>?
        var params: Range<Int>?
        var id: Range<Int>?
        var scanner = JSONScanner(bytes)
        scanner.skipSpace()
        let isObject = scanner.members { key, value in
            guard key.count == 3 else { return }
            switch bytes[key.lowerBound + 1] {
            case UInt8(ascii: "m"): name = value
            case UInt8(ascii: "p"): params = value
            case UInt8(ascii: "i"): id = value
            default: break
            }
        }
        guard isObject, scanner.isAtEnd() else { return nil }
        self.name = name
        self.params = params
        self.id = id
        if let name, JSONText.isString(bytes, name) {
            self.method = Method(bytes, name.lowerBound + 1..<name.upperBound - 1)
        } else {
            self.method = .other
            self.name = nil
        }
    }

    /// A request of the HTTP api: the method is in the path, the body is `p`.
    init(method: Method, body: Range<Int>?) {
        self.method = method
        self.params = body
    }
}
