import NIOCore

extension ByteBuffer {
    /// Whether the readable bytes are UTF-8, as RFC 6455 section 8.1 asks of a text frame.
    var isUTF8: Bool { (try? UTF8Span(validating: self.readableBytesUInt8Span)) != nil }
}
