/// The params object of `conn.call`, `mesh.send` and `mesh.publish`: where its parts lie.
struct CommandParams {
    var target: Range<Int>?
    var function: Range<Int>?
    var arguments: Range<Int>?
    var data: Range<Int>?
    var type: Range<Int>?

    /// Nil when it is not an object. `php105` also takes `[{…}]`, as its documentation has it.
    init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>?, dialect: DevEngine.Dialect) {
        guard var range, !range.isEmpty else { return nil }
        if bytes[range.lowerBound] == UInt8(ascii: "["), dialect == .php105 {
            var elements: [Range<Int>] = []
            var scanner = JSONScanner(bytes, at: range.lowerBound)
            guard scanner.elements({ elements.append($0) }), elements.count == 1 else { return nil }
            range = elements[0]
        }
        var target: Range<Int>?
        var function: Range<Int>?
        var arguments: Range<Int>?
        var data: Range<Int>?
        var type: Range<Int>?
        var scanner = JSONScanner(bytes, at: range.lowerBound)
        let isObject = scanner.members { key, value in
            guard key.count == 3 else { return }
            switch bytes[key.lowerBound + 1] {
            case UInt8(ascii: "c"): target = value
            case UInt8(ascii: "f"): function = value
            case UInt8(ascii: "a"): arguments = value
            case UInt8(ascii: "d"): data = value
            case UInt8(ascii: "t"): type = value
            default: break
            }
        }
        guard isObject else { return nil }
        self.target = target
        self.function = function
        self.arguments = arguments
        self.data = data
        self.type = type
    }

    /// A client id: text of digits or a whole number. Nil: not a client id at all; `.some(nil)`: one that cannot exist.
    static func client(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>?) -> UInt64?? {
        guard var content = range, !content.isEmpty else { return nil }
        if JSONText.isString(bytes, content) {
            content = content.lowerBound + 1..<content.upperBound - 1
        } else if !(0x30...0x39).contains(bytes[content.lowerBound]) {
            return nil
        }
        return .some(self.number(bytes, content))
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ content: Range<Int>) -> UInt64? {
        guard (1...19).contains(content.count), bytes[content.lowerBound] != 0x30 else { return nil }
        var value: UInt64 = 0
        for index in content {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + UInt64(digit)
        }
        return value
    }

    /// All elements as texts, or nil when it is not an array of strings.
    static func texts(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>?) -> [String]? {
        guard let range, !range.isEmpty else { return nil }
        var texts: [String] = []
        var areTexts = true
        var scanner = JSONScanner(bytes, at: range.lowerBound)
        let isArray = scanner.elements { element in
            if JSONText.isString(bytes, element) {
                texts.append(JSONText.string(bytes, element))
            } else {
                areTexts = false
            }
        }
        return isArray && areTexts ? texts : nil
    }
}
