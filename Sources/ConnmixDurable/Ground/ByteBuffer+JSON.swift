internal import NIOCore

extension ByteBuffer {
    /// Writes a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so the result is always JSON.
    mutating func writeJSONString(_ text: String) {
        var text = text
        text.withUTF8 { writeJSONString(validUTF8: UnsafeRawBufferPointer($0)) }
    }

    /// Writes a JSON string whose content the caller knows to be UTF-8.
    mutating func writeJSONString(validUTF8 content: UnsafeRawBufferPointer) {
        var index = JSONText.endOfPlain(content, from: 0)
        guard index < content.count else { return writePlainString(content) }
        writeInteger(UInt8(ascii: "\""))
        var run = 0
        while index < content.count {
            writeBytes(UnsafeRawBufferPointer(rebasing: content[run..<index]))
            writeJSONEscape(content[index])
            run = index + 1
            index = JSONText.endOfPlain(content, from: run)
        }
        writeBytes(UnsafeRawBufferPointer(rebasing: content[run...]))
        writeInteger(UInt8(ascii: "\""))
    }

    /// Of content without escapes, at once.
    private mutating func writePlainString(_ content: UnsafeRawBufferPointer) {
        let size = content.count + 2
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { free in
            free[0] = UInt8(ascii: "\"")
            UnsafeMutableRawBufferPointer(rebasing: free[1..<size - 1]).copyMemory(from: content)
            free[size - 1] = UInt8(ascii: "\"")
            return size
        }
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
