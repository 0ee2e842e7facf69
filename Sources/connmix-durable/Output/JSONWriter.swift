import ConnmixDurable

/// Writes JSON on one line.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// One object and a line's end.
    static func line(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.bytes.reserveCapacity(512)
        writer.object(body)
        writer.bytes.append(0x0A)
        return writer.bytes
    }

    /// The same as a text.
    static func text(_ body: (inout JSONWriter) -> Void) -> String { String(decoding: line(body), as: UTF8.self) }

    mutating func object(_ body: (inout JSONWriter) -> Void) {
        nest("{", "}", body)
    }

    mutating func array<Element>(_ elements: some Sequence<Element>, _ body: (inout JSONWriter, Element) -> Void) {
        nest("[", "]") { writer in
            for element in elements { body(&writer, element) }
        }
    }

    /// The name of the value that is written next.
    mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func string(_ text: String?) {
        guard let text else { return literal("null") }
        open()
        bytes.append(0x22)
        var copy = text
        copy.withUTF8 { content in
            if content.allSatisfy(Self.isPlain) {
                bytes.append(contentsOf: content)
            } else {
                for scalar in String(decoding: content, as: UTF8.self).unicodeScalars { append(scalar) }
            }
        }
        bytes.append(0x22)
    }

    mutating func integer(_ number: (some BinaryInteger)?) {
        literal(number.map { "\($0)" } ?? "null")
    }

    mutating func number(_ number: Double?) {
        literal(number.map { $0.isFinite ? "\($0)" : "null" } ?? "null")
    }

    mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    mutating func time(_ microseconds: Int64?) { string(microseconds.map { Timestamp.text($0) }) }

    /// A payload: `data` as the JSON value that it is, or `data_base64` where it is none.
    mutating func data(_ data: [UInt8]?) {
        guard let data else { return }
        if data.withUnsafeBufferPointer({ JSONScanner.isValue($0) }) {
            key("data")
            json(data)
        } else {
            key("data_base64")
            string(Base64.text(data))
        }
    }

    /// JSON of the database as the value that it is, or as text where another program put something else there.
    mutating func object(_ text: String) {
        let bytes = Array(text.utf8)
        if bytes.withUnsafeBufferPointer({ JSONScanner.isValue($0) }) { json(bytes) } else { string(text) }
    }

    /// Bytes that were checked to be JSON, exactly as they are, but for what would break the line or act on a terminal:
    /// line ends, which JSON only has between tokens, become blanks, and raw control characters, which it only has inside
    /// strings, become escapes. The value is the same.
    mutating func json(_ json: [UInt8]) {
        open()
        if json.allSatisfy(Self.isHarmless) { return bytes.append(contentsOf: json) }
        var index = 0
        while index < json.count {
            let byte = json[index]
            switch byte {
            case 0x0A, 0x0D: bytes.append(0x20)
            case 0x7F: bytes += Array("\\u007f".utf8)
            case 0xC2 where index + 1 < json.count && json[index + 1] < 0xA0:
                bytes += Array("\\u00\(String(json[index + 1], radix: 16))".utf8)
                index += 1
            default: bytes.append(byte)
            }
            index += 1
        }
    }

    // MARK: -

    /// A character that stands for itself in a string, and needs no look.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
    }

    /// Not even the first byte of what acts on a line or a terminal.
    private static func isHarmless(_ byte: UInt8) -> Bool {
        byte != 0x0A && byte != 0x0D && byte != 0x7F && byte != 0xC2
    }

    private mutating func literal(_ text: String) {
        open()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func open() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func nest(_ start: Unicode.Scalar, _ end: Unicode.Scalar, _ body: (inout JSONWriter) -> Void) {
        open()
        bytes.append(UInt8(ascii: start))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: end))
        needsComma = true
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": bytes += [0x5C, 0x22]
        case "\\": bytes += [0x5C, 0x5C]
        case "\n": bytes += Array("\\n".utf8)
        case "\r": bytes += Array("\\r".utf8)
        case "\t": bytes += Array("\\t".utf8)
        case _ where scalar.actsOnTerminal && scalar.value <= 0xFFFF:
            let digits = String(scalar.value, radix: 16)
            bytes += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
        default: bytes += Array(String(scalar).utf8)
        }
    }
}
