import NIOCore

/// The parts of a `queue.pop` event that are the same for all events of a topic.
struct EventTemplate {
    private let head: [UInt8]
    private let middle: [UInt8]
    private let clientAsNumber: Bool
    private static let tail: StaticString = #"},"id":null}"#

    init(node: String, number: Int, topic: String, settings: DevEngine.Settings) {
        let name: String
        switch settings.nodeField {
        case .text: name = #""n":\#(String(decoding: JSONText.quoted(node), as: UTF8.self)),"#
        case .integer: name = #""n":\#(number),"#
        case .omitted: name = ""
        }
        self.clientAsNumber = settings.clientField == .number
        let quote = self.clientAsNumber ? "" : "\""
        self.head = Array((#"{"e":"queue.pop","p":{"# + name + #""c":"# + quote).utf8)
        let topicText = String(decoding: JSONText.quoted(topic), as: UTF8.self)
        self.middle = Array((quote + #","t":"# + topicText + #","d":"#).utf8)
    }

    /// Appends the whole text frame. `client` is digits, or already escaped; `dataLength` is what `writeData` writes.
    func write(
        client: [UInt8], dataLength: Int, into buffer: inout ByteBuffer, writeData: (inout ByteCursor) -> Void
    ) {
        let length = self.head.count + client.count + self.middle.count + dataLength + Self.tail.utf8CodeUnitCount
        ServerFrame.write(text: length, into: &buffer) { cursor in
            cursor.write(self.head)
            cursor.write(client)
            cursor.write(self.middle)
            writeData(&cursor)
            cursor.write(Self.tail)
        }
    }

    func frame(client: String, data: ByteBuffer) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(data.readableBytes + self.head.count + self.middle.count + client.utf8.count + 32)
        self.write(client: Array(client.utf8), dataLength: data.readableBytes, into: &buffer) { cursor in
            data.withUnsafeReadableBytes { cursor.write($0) }
        }
        return buffer
    }
}
