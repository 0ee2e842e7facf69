import NIOCore

/// What the built-in "Lua" pushes for a frame, a handshake or a close.
struct EventData {
    enum Kind: String {
        case handshake, message, close
    }

    /// Said where it is not nil.
    var event: Kind?
    /// The end user's text frame.
    var text: ByteBuffer?
    /// Whether a text that is a JSON object goes as that object.
    var isDecoded = false
    /// The context value that logging in sets, as JSON.
    var uid: String?
    /// A JSON object, or nothing.
    var headers: [UInt8] = []

    /// `{"event":"message","frame":{"type":"text","data":"…","finish":true},"uid":1000}`, each member where there is one.
    var json: ByteBuffer {
        var buffer = ByteBuffer()
        let length = self.text?.readableBytes ?? 0
        buffer.reserveCapacity(length + length / 8 + 96 + self.headers.count)
        var separator: StaticString = "{"
        if let event = self.event {
            buffer.writeStaticString(separator)
            buffer.writeString(#""event":"\#(event.rawValue)""#)
            separator = ","
        }
        if let text = self.text {
            buffer.writeStaticString(separator)
            buffer.writeStaticString(#""frame":{"type":"text","data":"#)
            if let object = self.object {
                buffer.writeImmutableBuffer(object)
            } else {
                buffer.writeStaticString("\"")
                JSONText.writeEscaped(text.readableBytesView, into: &buffer)
                buffer.writeStaticString("\"")
            }
            buffer.writeStaticString(#","finish":true}"#)
            separator = ","
        }
        if let uid = self.uid {
            buffer.writeStaticString(separator)
            buffer.writeString(#""uid":\#(uid)"#)
            separator = ","
        }
        if !self.headers.isEmpty {
            buffer.writeStaticString(separator)
            buffer.writeStaticString(#""headers":"#)
            buffer.writeBytes(self.headers)
            separator = ","
        }
        buffer.writeStaticString("}")
        return buffer
    }

    private var object: ByteBuffer? {
        guard self.isDecoded, let text = self.text else { return nil }
        let range = text.withUnsafeReadableBytes { bytes in
            JSONScanner.document(bytes).flatMap { bytes[$0.lowerBound] == UInt8(ascii: "{") ? $0 : nil }
        }
        return range.flatMap { text.getSlice(at: text.readerIndex + $0.lowerBound, length: $0.count) }
    }

    /// Headers as a JSON object: names as they came, values of one name joined by commas.
    static func object(_ headers: some Sequence<(name: String, value: String)>) -> [UInt8] {
        var names: [String] = []
        var values: [String: String] = [:]
        for (name, value) in headers {
            if let earlier = values[name] {
                values[name] = "\(earlier), \(value)"
            } else {
                names.append(name)
                values[name] = value
            }
        }
        let members = names.map { JSONText.quoted($0) + [UInt8(ascii: ":")] + JSONText.quoted(values[$0] ?? "") }
        return [UInt8(ascii: "{")] + Array(members.joined(separator: [UInt8(ascii: ",")])) + [UInt8(ascii: "}")]
    }
}
