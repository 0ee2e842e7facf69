internal import Glibc
internal import NIOCore

/// Reads text frames of a node, in both dialects and in the forms that other JSON libraries give them.
///
/// Lenient in what the protocol leaves open (ids as text, client ids as numbers, unknown keys, any order), strict in what
/// JSON is. It never traps and never drops a popped message: what cannot be understood is
/// `InboundFrame.unreadableMessage`, and the caller still holds the frame.
enum FrameDecoder {
    static func decode(_ frame: ByteBuffer) -> InboundFrame {
        frame.withUnsafeReadableBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                if let reply = plainReply(bytes) { return .reply(reply) }
                guard bytes.count != 4 || !bytes.elementsEqual("pong".utf8) else { return .pong }
                let decoded = decode(bytes, frame: frame)
                guard isValidUTF8(bytes) else {
                    let reason = "the frame is not valid UTF-8"
                    return switch decoded {
                    case .message, .unreadableMessage: .unreadableMessage(reason: reason)
                    // What is broken may be the key of the event's name.
                    case .unknown where mayBeMessage(bytes): .unreadableMessage(reason: reason)
                    case .reply, .pong, .unknown: .unknown(reason: reason)
                    }
                }
                return decoded
            }
        }
    }

    /// The answer of an engine's HTTP api, which has no id; `nil` where it is none.
    static func outcome(ofHTTP body: ByteBuffer) -> Reply.Outcome? {
        body.withUnsafeReadableBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                var scanner = JSONScanner(bytes)
                var envelope = Envelope()
                let isObject = scanner.object { key, escaped, scanner in
                    envelope.read(key: key, escaped: escaped, from: &scanner)
                }
                guard isObject, scanner.peek() == 0, scanner.isAtEnd, isValidUTF8(bytes) else { return nil }
                return envelope.outcome
            }
        }
    }

    /// Whether a frame that could not be read as JSON may still be a popped message, whose bytes must then be kept.
    ///
    /// The engine sends three kinds of frame. What names `queue.pop` and is no answer is taken for a message, rather kept
    /// once too often than lost.
    static func mayBeMessage(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let head = bytes.prefix(1 << 20)
        let needle = Array("queue.pop".utf8)
        guard head.count >= needle.count else { return false }
        return (0...head.count - needle.count).contains { start in
            head[start] == needle[0] && head[start..<start + needle.count].elementsEqual(needle)
        }
    }

    /// The answer that nearly every command gets, in the one form in which the engine writes it. Anything else is read as JSON.
    private static func plainReply(_ bytes: UnsafeBufferPointer<UInt8>) -> Reply? {
        let head: StaticString = #"{"E":null,"r":{"s":true},"i":"#
        let digits = bytes.count - head.utf8CodeUnitCount - 1
        guard digits >= 1, digits <= 18, bytes[bytes.count - 1] == UInt8(ascii: "}"), let start = bytes.baseAddress,
            memcmp(start, head.utf8Start, head.utf8CodeUnitCount) == 0
        else { return nil }
        let number = bytes[head.utf8CodeUnitCount..<bytes.count - 1]
        var id: Int64 = 0
        for byte in number {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            id = id * 10 + Int64(digit)
        }
        guard digits == 1 || number.first != UInt8(ascii: "0") else { return nil }  // no number of JSON
        return Reply(id: id, outcome: .success(EngineResult(success: true, json: #"{"s":true}"#)))
    }

    private static func isValidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        (try? UTF8Span(validating: bytes.span)) != nil
    }

    private static func decode(_ bytes: UnsafeBufferPointer<UInt8>, frame: ByteBuffer) -> InboundFrame {
        var scanner = JSONScanner(bytes)
        var envelope = Envelope()
        let isObject = scanner.object { key, escaped, scanner in
            envelope.read(key: key, escaped: escaped, from: &scanner)
        }
        guard isObject, scanner.peek() == 0, scanner.isAtEnd else {
            let reason = "the frame is not a JSON object within the limits (nesting up to \(JSONScanner.depthLimit))"
            return mayBeMessage(bytes) ? .unreadableMessage(reason: reason) : .unknown(reason: reason)
        }
        if let event = envelope.event {
            guard event == "queue.pop" else { return .unknown(reason: "unknown event \(event.bounded(toBytes: 100))") }
            return envelope.message(frame: frame)
        }
        return envelope.reply
    }
}

/// The fields of a frame that anybody looks at.
private struct Envelope {
    var event: String?
    var hasError = false
    var errorCode: Int64?
    var errorMessage: String?
    var hasResult = false
    var result = EngineResult(json: "null")
    var id: Int64?

    var topic: String?
    var client: ClientID?
    var node: String?
    var data: Range<Int>?

    mutating func read(key: Range<Int>, escaped: Bool, from scanner: inout JSONScanner) -> Bool {
        if escaped {
            // Nobody writes these keys with escapes; a frame that does is not addressed to us.
            return scanner.value() != nil
        }
        if scanner.equals(key, "e") {
            guard scanner.peek() == UInt8(ascii: "\"") else { return scanner.value() != nil }
            guard let found = scanner.string() else { return false }
            // Nearly always; the literal is no work.
            event = !found.escaped && scanner.equals(found.range, "queue.pop") ? "queue.pop" : scanner.text(found)
            return true
        }
        if scanner.equals(key, "p") { return readParameters(&scanner) }
        if scanner.equals(key, "E") { return readError(&scanner) }
        if scanner.equals(key, "r") { return readResult(&scanner) }
        if scanner.equals(key, "i") || (scanner.equals(key, "id") && id == nil) {
            guard let (text, _) = Self.scalar(&scanner) else { return false }
            id = text.flatMap(Self.requestID) ?? id
            return true
        }
        return scanner.value() != nil
    }

    private mutating func readParameters(_ scanner: inout JSONScanner) -> Bool {
        guard scanner.peek() == UInt8(ascii: "{") else { return scanner.value() != nil }
        return scanner.object { key, escaped, scanner in
            guard !escaped else { return scanner.value() != nil }
            if scanner.equals(key, "d") {
                guard let place = scanner.value(depth: 2) else { return false }
                data = place
                return true
            }
            if scanner.equals(key, "c") {
                guard let (text, isNumber) = Self.scalar(&scanner) else { return false }
                client = text.map { ClientID($0, isNumber: isNumber) }
                return true
            }
            if scanner.equals(key, "t") {
                guard let (text, isNumber) = Self.scalar(&scanner) else { return false }
                topic = isNumber ? nil : text
                return true
            }
            if scanner.equals(key, "n") {
                guard let (text, _) = Self.scalar(&scanner) else { return false }
                node = text
                return true
            }
            return scanner.value(depth: 2) != nil
        }
    }

    private mutating func readError(_ scanner: inout JSONScanner) -> Bool {
        hasError = true
        guard scanner.peek() == UInt8(ascii: "{") else {
            guard let place = scanner.value() else { return false }
            // `null` is the mark of a result; anything else that is no object is an error without a code.
            if scanner.equals(place, "null") { hasError = false }
            (errorCode, errorMessage) = (nil, scanner.raw(place))
            return true
        }
        var code: Int64?
        var message: String?
        let accepted = scanner.object { key, _, scanner in
            if scanner.equals(key, "c") {
                guard let (text, _) = Self.scalar(&scanner) else { return false }
                code = text.flatMap(Self.requestID)
                return true
            }
            if scanner.equals(key, "m") {
                guard let (text, _) = Self.scalar(&scanner) else { return false }
                message = text
                return true
            }
            return scanner.value(depth: 2) != nil
        }
        (errorCode, errorMessage) = (code, message)
        return accepted
    }

    private mutating func readResult(_ scanner: inout JSONScanner) -> Bool {
        hasResult = true
        _ = scanner.peek()
        let start = scanner.index
        guard scanner.peek() == UInt8(ascii: "{") else {
            guard let place = scanner.value() else { return false }
            result.json = scanner.raw(place)
            return true
        }
        var flag: Bool?
        var counts: (s: Int64?, f: Int64?, t: Int64?)
        let accepted = scanner.object { key, _, scanner in
            guard let place = scanner.value(depth: 2) else { return false }
            if scanner.equals(key, "s") {
                flag = scanner.equals(place, "true") ? true : scanner.equals(place, "false") ? false : nil
                counts.s = scanner.integer(place)
            } else if scanner.equals(key, "f") {
                counts.f = scanner.integer(place)
            } else if scanner.equals(key, "t") {
                counts.t = scanner.integer(place)
            }
            return true
        }
        guard accepted else { return false }
        result.json = scanner.raw(start..<scanner.index)
        result.success = flag
        result.failed = counts.f
        // docs: `s` is the count that succeeded. php105: `t` is the total and `f` the part that failed.
        result.delivered = counts.s ?? counts.t.map { $0 &- (counts.f ?? 0) }
        return true
    }

    func message(frame: ByteBuffer) -> InboundFrame {
        guard let topic, !topic.isEmpty else { return .unreadableMessage(reason: "the event names no topic (p.t)") }
        guard let client, !client.text.isEmpty else {
            return .unreadableMessage(reason: "the event names no client (p.c)")
        }
        guard client.text.utf8.count <= 1024, topic.utf8.count <= 1024 else {
            return .unreadableMessage(reason: "the event's client or topic is longer than 1024 bytes")
        }
        // A node is known by its connection; what names it by an essay does not.
        let node = node.flatMap { $0.utf8.count <= 1_024 ? $0 : nil }
        guard let data, let slice = frame.getSlice(at: frame.readerIndex + data.lowerBound, length: data.count)
        else { return .unreadableMessage(reason: "the event carries no data (p.d)") }
        return .message(PoppedMessage(topic: topic, client: client, node: node, data: slice))
    }

    var reply: InboundFrame {
        guard let outcome else { return .unknown(reason: "neither an event nor an answer") }
        guard let id else { return .unknown(reason: "an answer without the id of a request") }
        return .reply(Reply(id: id, outcome: outcome))
    }

    var outcome: Reply.Outcome? {
        guard hasError else { return hasResult ? .success(result) : nil }
        // An error without a number still is a refusal; 0 is no code of the engine and is retried as an unknown one.
        return .failure(EngineErrorCode(rawValue: errorCode ?? 0), message: errorMessage?.bounded(toBytes: 4_096) ?? "")
    }

    /// Consumes a string or a number and answers its text; `nil` as text for any other value.
    private static func scalar(_ scanner: inout JSONScanner) -> (text: String?, isNumber: Bool)? {
        if scanner.peek() == UInt8(ascii: "\"") {
            guard let found = scanner.string() else { return nil }
            return (scanner.text(found), false)
        }
        let first = scanner.peek()
        guard let place = scanner.value(depth: 2) else { return nil }
        let isNumber = first == UInt8(ascii: "-") || (first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9"))
        return (isNumber ? scanner.raw(place) : nil, isNumber)
    }

    private static func requestID(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { bytes in
            var scanner = JSONScanner(bytes)
            guard let place = scanner.value(), place.count == bytes.count else { return nil }
            return scanner.integer(place)
        }
    }
}
