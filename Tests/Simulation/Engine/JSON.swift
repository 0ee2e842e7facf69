/// A reading of JSON of its own: the checker shares no code with the consumer.
indirect enum JSON {
    case null
    case bool(Bool)
    case number(String)
    case text(String)
    case list([JSON])
    case object([(String, JSON)])

    subscript(key: String) -> JSON? {
        if case .object(let fields) = self { fields.first { $0.0 == key }?.1 } else { nil }
    }

    var text: String? {
        switch self {
        case .text(let text), .number(let text): text
        case .null, .bool, .list, .object: nil
        }
    }

    var list: [JSON]? { if case .list(let values) = self { values } else { nil } }

    /// - Returns: `nil` where it is none.
    static func read(_ bytes: some Sequence<UInt8>) -> JSON? {
        var reader = Reader(bytes: Array(bytes))
        guard let value = reader.value() else { return nil }
        reader.skip()
        return reader.at == reader.bytes.count ? value : nil
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        mutating func skip() {
            while at < bytes.count, bytes[at] == 32 || bytes[at] == 9 || bytes[at] == 10 || bytes[at] == 13 { at += 1 }
        }

        mutating func take(_ character: Character) -> Bool {
            skip()
            guard at < bytes.count, bytes[at] == character.asciiValue else { return false }
            at += 1
            return true
        }

        mutating func take(word: String) -> Bool {
            guard bytes[at...].starts(with: word.utf8) else { return false }
            at += word.utf8.count
            return true
        }

        mutating func value() -> JSON? {
            skip()
            guard at < bytes.count else { return nil }
            switch bytes[at] {
            case UInt8(ascii: "{"): return object()
            case UInt8(ascii: "["): return array()
            case UInt8(ascii: "\""): return string().map { .text($0) }
            case UInt8(ascii: "n"): return take(word: "null") ? .null : nil
            case UInt8(ascii: "t"): return take(word: "true") ? .bool(true) : nil
            case UInt8(ascii: "f"): return take(word: "false") ? .bool(false) : nil
            default:
                let start = at
                while at < bytes.count, "+-.eE0123456789".utf8.contains(bytes[at]) { at += 1 }
                return at > start ? .number(String(decoding: bytes[start..<at], as: UTF8.self)) : nil
            }
        }

        mutating func object() -> JSON? {
            at += 1
            var fields: [(String, JSON)] = []
            if take("}") { return .object(fields) }
            while true {
                skip()
                guard let key = string(), take(":"), let value = value() else { return nil }
                fields.append((key, value))
                if take("}") { return .object(fields) }
                guard take(",") else { return nil }
            }
        }

        mutating func array() -> JSON? {
            at += 1
            var values: [JSON] = []
            if take("]") { return .list(values) }
            while true {
                guard let value = value() else { return nil }
                values.append(value)
                if take("]") { return .list(values) }
                guard take(",") else { return nil }
            }
        }

        /// What the simulation writes has no escapes but simple ones.
        mutating func string() -> String? {
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { return nil }
            at += 1
            var text: [UInt8] = []
            while at < bytes.count {
                let byte = bytes[at]
                at += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard at < bytes.count else { return nil }
                    text.append(bytes[at])
                    at += 1
                default: text.append(byte)
                }
            }
            return nil
        }
    }
}
