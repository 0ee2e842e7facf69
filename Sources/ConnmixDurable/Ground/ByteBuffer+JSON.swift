internal import NIOCore

extension ByteBuffer {
    /// Writes a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so the result is always JSON.
    mutating func writeJSONString(_ text: String) {
        var text = text
        text.withUTF8 { writeJSONString(validUTF8: UnsafeRawBufferPointer($0)) }
    }

    /// Writes a JSON string whose content the caller knows to be UTF-8.
    mutating func writeJSONString(validUTF8 content: UnsafeRawBufferPointer) {
        writeInteger(UInt8(ascii: "\""))
        var run = 0
        var index = 0
        while true {
            index = JSONText.endOfPlain(content, from: index)
            guard index < content.count else { break }
            writeBytes(UnsafeRawBufferPointer(rebasing: content[run..<index]))
            writeJSONEscape(content[index])
            index += 1
            run = index
        }
        writeBytes(UnsafeRawBufferPointer(rebasing: content[run...]))
        writeInteger(UInt8(ascii: "\""))
    }

    private mutating func writeJSONEscape(_ byte: UInt8) {
        switch byte {
        case 0x22: writeStaticString("\\\"")
        case 0x5C: writeStaticString("\\\\")
        case 0x0A: writeStaticString("\\n")
        case 0x0D: writeStaticString("\\r")
        case 0x09: writeStaticString("\\t")
        default:
            let digits: StaticString = "0123456789abcdef"
            writeStaticString("\\u00")
            writeInteger(digits.utf8Start[Int(byte >> 4)])
            writeInteger(digits.utf8Start[Int(byte & 15)])
        }
    }
}
