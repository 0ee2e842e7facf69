import NIOCore

/// What the built-in "Lua" reads from an end user's text frame.
struct UserFrame {
    var topic: String?
    var asksForContext = false
    /// The member `n`, as JSON text.
    var number: String?

    init(_ text: ByteBuffer) {
        guard text.getInteger(at: text.readerIndex) as UInt8? == UInt8(ascii: "{") else { return }
        var topic: String?
        var asks = false
        var number: String?
        text.withUnsafeReadableBytes { bytes in
            guard let document = JSONScanner.document(bytes) else { return }
            var scanner = JSONScanner(bytes, at: document.lowerBound)
            _ = scanner.members { key, value in
                if JSONText.equals(bytes, key, #""n""#) { number = String(decoding: bytes[value], as: UTF8.self) }
                guard JSONText.isString(bytes, value) else { return }
                if JSONText.equals(bytes, key, #""topic""#) {
                    topic = JSONText.string(bytes, value)
                } else if JSONText.equals(bytes, key, #""op""#) {
                    asks = JSONText.equals(bytes, value, #""auth""#) || JSONText.equals(bytes, value, #""userauth""#)
                }
            }
        }
        self.topic = topic
        self.asksForContext = asks
        self.number = number
    }
}
