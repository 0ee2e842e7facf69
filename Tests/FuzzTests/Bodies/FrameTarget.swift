@testable import ConnmixDurable
import Glibc
import NIOCore

/// Text frames of a node: `FrameDecoder`.
enum FrameTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let frame = ByteBuffer(bytes: bytes)
        let decoded = FrameDecoder.decode(frame)
        try hold(FrameDecoder.decode(frame) == decoded, "decoding twice gives the same")
        try hold(FrameDecoder.decode(among(bytes)) == decoded, "what lies before and behind a frame is not read")
        if decoded != .pong {
            try hold(FrameDecoder.decode(spaced(bytes)) == decoded, "a space at the end changes nothing, nor the way it is read")
        }
        try describes(decoded, bytes)
        let outcome = FrameDecoder.outcome(ofHTTP: frame)
        if case .reply(let reply) = decoded { try hold(outcome == reply.outcome, "an answer is the same over HTTP") }
        let mayBe = bytes.withMemoryRebound(to: UInt8.self) { FrameDecoder.mayBeMessage($0) }
        try hold(mayBe == contains(bytes, "queue.pop"), "the name of the event is found")
    }

    private static func describes(_ decoded: InboundFrame, _ bytes: UnsafeRawBufferPointer) throws {
        let isJSON = EngineReading.isJSON(bytes)
        switch decoded {
        case .message(let message):
            try hold(isJSON, "a message is JSON")
            try hold((1...1_024).contains(message.topic.utf8.count), "a topic is bounded")
            try hold((1...1_024).contains(message.client.text.utf8.count), "a client is bounded")
            try hold((message.node ?? "").utf8.count <= 1_024, "a node is bounded")
            try hold(message.data.withUnsafeReadableBytes { EngineReading.isJSON($0) }, "the data is JSON")
            try hold(message.data.withUnsafeReadableBytes { contains(bytes, $0) }, "the data is what was received")
        case .reply(let reply):
            try hold(isJSON, "an answer is JSON")
            guard case .success(let result) = reply.outcome else { return }
            try hold(result.json.utf8.count <= bytes.count, "a result is bounded")
            try hold(EngineReading.isJSON(Array(result.json.utf8)), "a result is JSON")
        case .unreadableMessage(let reason), .unknown(let reason):
            try hold(reason.utf8.count <= 300, "a reason is bounded")
            if isJSON, EngineReading.isObject(bytes) {
                try hold(!reason.hasPrefix("the frame is not"), "an object of JSON is taken for one: \(reason)")
            }
            if case .unknown = decoded, !isJSON, !answersInBrokenText(bytes) {
                try hold(!contains(bytes, "queue.pop"), "what may be a message is kept")
            }
        case .pong:
            try hold(bytes.elementsEqual("pong".utf8), "pong is pong")
        }
    }

    /// Whether it would be an answer, were it UTF-8.
    private static func answersInBrokenText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !EngineReading.isUTF8(bytes) else { return false }
        let repaired = ByteBuffer(bytes: bytes.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") })
        if case .reply = FrameDecoder.decode(repaired) { return true } else { return false }
    }

    /// In the middle of a buffer.
    private static func among(_ bytes: UnsafeRawBufferPointer) -> ByteBuffer {
        var buffer = ByteBuffer(string: "}\"0")
        buffer.moveReaderIndex(to: buffer.writerIndex)
        buffer.writeBytes(bytes)
        buffer.setRepeatingByte(UInt8(ascii: "9"), count: 16, at: buffer.writerIndex)
        return buffer
    }

    private static func spaced(_ bytes: UnsafeRawBufferPointer) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: bytes)
        buffer.writeStaticString(" ")
        return buffer
    }

    private static func contains(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        contains(bytes, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func contains(_ bytes: UnsafeRawBufferPointer, _ part: UnsafeRawBufferPointer) -> Bool {
        guard let whole = bytes.baseAddress, let wanted = part.baseAddress, let first = part.first else { return part.isEmpty }
        var start = 0
        while start + part.count <= bytes.count {
            guard let found = memchr(whole + start, CInt(first), bytes.count - part.count - start + 1) else { return false }
            if memcmp(found, wanted, part.count) == 0 { return true }
            start = UnsafeRawPointer(found) - whole + 1
        }
        return false
    }
}
