/// A `conn.call`, read from its function name and arguments.
enum ContextCall {
    /// Key to JSON text.
    case set([(String, String)])
    case subscribe([String])
    case unsubscribe([String])
    case unknown
    case invalid

    /// `arguments` is a well-formed JSON array.
    init(_ function: String, _ arguments: Range<Int>, _ bytes: UnsafeRawBufferPointer) {
        switch function {
        case "set_context_value":
            let elements = Self.elements(arguments, bytes)
            guard elements.count == 2, JSONText.isString(bytes, elements[0]) else {
                self = .invalid
                return
            }
            self = .set([(JSONText.string(bytes, elements[0]), String(decoding: bytes[elements[1]], as: UTF8.self))])
        case "set_context":
            let elements = Self.elements(arguments, bytes)
            var values: [(String, String)] = []
            guard elements.count == 1 else {
                self = .invalid
                return
            }
            var scanner = JSONScanner(bytes, at: elements[0].lowerBound)
            let isObject = scanner.members { key, value in
                values.append((JSONText.string(bytes, key), String(decoding: bytes[value], as: UTF8.self)))
            }
            self = isObject ? .set(values) : .invalid
        case "subscribe", "unsubscribe":
            guard let channels = CommandParams.texts(bytes, arguments), channels.allSatisfy(Self.isChannel) else {
                self = .invalid
                return
            }
            self = function == "subscribe" ? .subscribe(channels) : .unsubscribe(channels)
        default: self = .unknown
        }
    }

    /// Any text without spaces.
    private static func isChannel(_ name: String) -> Bool {
        !name.isEmpty && !name.utf8.contains(UInt8(ascii: " "))
    }

    private static func elements(_ range: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        var elements: [Range<Int>] = []
        var scanner = JSONScanner(bytes, at: range.lowerBound)
        _ = scanner.elements { elements.append($0) }
        return elements
    }
}
