import NIOCore

@testable import ConnmixDurable

/// JSON, read in the plainest way there is: one byte after the other, into a tree. Never fast, and without limits.
enum PlainJSON: Equatable {
    case null
    case bool(Bool)
    /// As it is written.
    case number(String)
    /// The bytes between the quotes, as they are written.
    case text([UInt8])
    case array([PlainJSON])
    case object([Member])

    struct Member: Equatable {
        var key: [UInt8]
        var value: PlainJSON
    }

    /// `nil` where the bytes are not one JSON value. That they are UTF-8 is not looked at.
    init?(_ bytes: [UInt8]) {
        var reader = Reader(rest: bytes[...])
        guard let value = reader.value() else { return nil }
        reader.skipSpace()
        guard reader.rest.isEmpty else { return nil }
        self = value
    }

    subscript(_ key: String) -> [PlainJSON] {
        guard case .object(let members) = self else { return [] }
        return members.filter { $0.key == Array(key.utf8) }.map(\.value)
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func skipSpace() { rest = rest.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }

        mutating func take(_ word: String) -> Bool {
            guard rest.starts(with: word.utf8) else { return false }
            rest = rest.dropFirst(word.utf8.count)
            return true
        }

        mutating func value() -> PlainJSON? {
            skipSpace()
            if take("null") { return .null }
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            if take("[") { return list("]") { $0.value() }.map { .array($0) } }
            if take("{") { return list("}") { $0.member() }.map { .object($0) } }
            if rest.first == UInt8(ascii: "\"") { return text().map { .text($0) } }
            return number()
        }

        private mutating func list<Element>(_ end: String, _ element: (inout Reader) -> Element?) -> [Element]? {
            var elements: [Element] = []
            skipSpace()
            if take(end) { return [] }
            while true {
                guard let next = element(&self) else { return nil }
                elements.append(next)
                skipSpace()
                if take(end) { return elements }
                guard take(",") else { return nil }
            }
        }

        private mutating func member() -> Member? {
            skipSpace()
            guard let key = text() else { return nil }
            skipSpace()
            guard take(":"), let value = value() else { return nil }
            return Member(key: key, value: value)
        }

        private mutating func text() -> [UInt8]? {
            guard take("\"") else { return nil }
            var content: [UInt8] = []
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") { return content }
                if byte < 0x20 { return nil }
                content.append(byte)
                guard byte == UInt8(ascii: "\\") else { continue }
                guard let kind = rest.popFirst(), "\"\\/bfnrtu".utf8.contains(kind) else { return nil }
                content.append(kind)
                guard kind == UInt8(ascii: "u") else { continue }
                let digits = rest.prefix(4)
                guard digits.count == 4, digits.allSatisfy({ "0123456789abcdefABCDEF".utf8.contains($0) }) else { return nil }
                content += digits
                rest = rest.dropFirst(4)
            }
            return nil
        }

        private mutating func number() -> PlainJSON? {
            let text = String(decoding: rest.prefix { "+-.0123456789eE".utf8.contains($0) }, as: UTF8.self)
            guard text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+\-]?[0-9]+)?/) != nil else { return nil }
            _ = take(text)
            return .number(text)
        }
    }
}

/// What a frame says, read from the tree: what `FrameDecoder` finds without one.
enum PlainReading: Equatable {
    case message(topic: String, client: ClientID, data: PlainJSON)
    case unreadable
    case success(id: Int64)
    case failure(id: Int64, code: Int64)
    case unknown

    init(_ bytes: [UInt8]) {
        let reading = Self.read(bytes)
        guard String(validating: bytes, as: UTF8.self) == nil else {
            self = reading
            return
        }
        switch reading {
        case .message, .unreadable: self = .unreadable
        case .unknown where String(decoding: bytes, as: UTF8.self).contains("queue.pop"): self = .unreadable
        case .success, .failure, .unknown: self = .unknown
        }
    }

    private static func read(_ bytes: [UInt8]) -> Self {
        guard let json = PlainJSON(bytes), case .object = json else {
            return String(decoding: bytes, as: UTF8.self).contains("queue.pop") ? .unreadable : .unknown
        }
        let events = json["e"].compactMap { if case .text(let event) = $0 { unescaped(event) } else { nil } }
        if let event = events.last { return event == "queue.pop" ? message(json) : .unknown }
        guard let id = (json["i"].compactMap(integer).last ?? json["id"].compactMap(integer).first) else { return .unknown }
        switch json["E"].last {
        case nil, .null: return json["r"].isEmpty ? .unknown : .success(id: id)
        case let error?: return .failure(id: id, code: error["c"].last.flatMap(integer) ?? 0)
        }
    }

    private static func message(_ json: PlainJSON) -> Self {
        let members = json["p"]
        func last(_ key: String) -> PlainJSON? { members.flatMap { $0[key] }.last }
        guard case .text(let topic)? = last("t"), !topic.isEmpty, let data = last("d") else { return .unreadable }
        let client: ClientID
        switch last("c") {
        case .text(let text)? where !text.isEmpty: client = ClientID(unescaped(text))
        case .number(let text)?: client = ClientID(text, isNumber: true)
        default: return .unreadable
        }
        return .message(topic: unescaped(topic), client: client, data: data)
    }

    /// `17`, `"17"` and `17.0` are one number.
    private static func integer(_ json: PlainJSON) -> Int64? {
        switch json {
        case .number(let text): return text.wholeMatch(of: /(-?[0-9]+)(\.0+)?/).flatMap { Int64($0.1) }
        case .text(let text):
            return unescaped(text).wholeMatch(of: /(-?(0|[1-9][0-9]*))(\.0+)?/).flatMap { Int64($0.1) }
        case .null, .bool, .array, .object: return nil
        }
    }

    private static func unescaped(_ content: [UInt8]) -> String {
        let plain: [Character: String] = ["b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t"]
        var units: [UInt16] = []
        var rest = Array(String(decoding: content, as: UTF8.self).unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\", let kind = rest.popFirst() else {
                units += String(scalar).utf16
                continue
            }
            guard kind == "u" else {
                units += (plain[Character(kind)] ?? String(kind)).utf16
                continue
            }
            units.append(UInt16(String(String.UnicodeScalarView(rest.prefix(4))), radix: 16) ?? 0xFFFD)
            rest = rest.dropFirst(4)
        }
        return String(decoding: units, as: UTF16.self)
    }
}

extension PlainReading {
    /// The same of what the decoder found; `nil` where its data is no JSON.
    init?(_ frame: InboundFrame) {
        switch frame {
        case .message(let message):
            guard let data = PlainJSON(Array(message.data.readableBytesView)) else { return nil }
            self = .message(topic: message.topic, client: message.client, data: data)
        case .unreadableMessage: self = .unreadable
        case .reply(let reply):
            switch reply.outcome {
            case .success: self = .success(id: reply.id)
            case .failure(let code, _): self = .failure(id: reply.id, code: code.rawValue)
            }
        case .pong, .unknown: self = .unknown
        }
    }
}
