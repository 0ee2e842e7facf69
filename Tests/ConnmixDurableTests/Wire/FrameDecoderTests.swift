import NIOCore
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("frames of a node")
struct FrameDecoderTests {
    private func decode(_ text: String) -> InboundFrame {
        FrameDecoder.decode(ByteBuffer(string: text))
    }

    @Test("a message keeps its payload byte for byte, whatever the spacing")
    func message() throws {
        let data = #"{ "frame" : {"type":"text","data":"{\"sku\":7} \u00e9 é 漢","finish":true},"n":12345678901234567890.10 }"#
        let frame = decode(#"{"e":"queue.pop","p":{"n":2,"c":"1627581697287520263","t":"orders","d": \#(data) },"id":null}"#)
        guard case .message(let message) = frame else { return #expect(Bool(false), "\(frame)") }
        #expect(message.topic == "orders")
        #expect(message.client == ClientID("1627581697287520263"))
        #expect(message.node == "2")
        #expect(String(buffer: message.data) == data)
    }

    @Test("a client id that came as a number goes back as a number, every digit of it")
    func numericClient() throws {
        guard case .message(let message) = decode(#"{"p":{"d":1,"t":"a","c":18446744073709551615},"e":"queue.pop"}"#) else {
            return #expect(Bool(false))
        }
        #expect(message.client.text == "18446744073709551615")
        #expect(message.client.isNumber)
        var buffer = ByteBuffer()
        RequestEncoder.command(try .meshSend(to: message.client, "x"), id: 1, into: &buffer)
        #expect(String(buffer: buffer) == #"{"m":"mesh.send","p":{"c":18446744073709551615,"d":"x"},"i":1}"#)
    }

    @Test(
        "a popped event that cannot be understood is still known to be one",
        arguments: [
            #"{"e":"queue.pop","p":{"c":"1","d":1}}"#, #"{"e":"queue.pop","p":{"c":"1","t":"a"}}"#,
            #"{"e":"queue.pop","p":{"t":"a","d":1}}"#, #"{"e":"queue.pop"}"#, #"{"e":"queue.pop","p":null}"#,
            #"{"e":"queue.pop","p":{"c":"1","t":"a","d":tru}}"#, #"{"e":"queue.pop","p":{"c":"1","t":"a","d":{"x":1}"#,
            #"{"e":"queue.pop","p":{"c":"1","t":7,"d":1}}"#, #"{"e":"queue.pop","p":{"c":"","t":"a","d":1}}"#,
        ])
    func unreadable(text: String) {
        guard case .unreadableMessage = decode(text) else { return #expect(Bool(false), "\(decode(text))") }
    }

    @Test("invalid UTF-8 and hostile nesting are unreadable messages, not traps")
    func hostile() {
        var invalid = ByteBuffer(string: #"{"e":"queue.pop","p":{"c":"1","t":"a","d":""#)
        invalid.writeBytes([0xFF, 0xFE])
        invalid.writeString(#""}}"#)
        #expect(FrameDecoder.decode(invalid) == .unreadableMessage(reason: "the frame is not valid UTF-8"))
        let brokenKey = ByteBuffer(bytes: [0x7B, 0x22, 0xFF] + Array(#"e":"queue.pop","p":{"c":"1","t":"a","d":1}}"#.utf8))
        #expect(FrameDecoder.decode(brokenKey) == .unreadableMessage(reason: "the frame is not valid UTF-8"))
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        guard case .unreadableMessage = decode(#"{"e":"queue.pop","p":{"c":"1","t":"a","d":\#(deep)}}"#) else {
            return #expect(Bool(false))
        }
    }

    @Test("answers in the forms of both dialects and of lenient JSON libraries")
    func replies() {
        func outcome(_ text: String) -> Reply.Outcome? {
            if case .reply(let reply) = decode(text) { reply.outcome } else { nil }
        }
        #expect(
            outcome(#"{"E":null,"r":{"s":true},"i":3}"#)
                == .success(EngineResult(success: true, json: #"{"s":true}"#)))
        #expect(
            outcome(#"{"E":null,"r":{"s":5,"f":1},"i":"4"}"#)
                == .success(EngineResult(delivered: 5, failed: 1, json: #"{"s":5,"f":1}"#)))
        #expect(
            outcome(#"{"E":null,"r":{"s":true,"f":1,"t":6},"i":4.0}"#)
                == .success(EngineResult(success: true, delivered: 5, failed: 1, json: #"{"s":true,"f":1,"t":6}"#)))
        #expect(outcome(#"{"E":{"c":401,"m":"client is gone"},"i":5}"#) == .failure(.sendFailed, message: "client is gone"))
        #expect(outcome(#"{"i":5,"E":"no"}"#) == .failure(EngineErrorCode(rawValue: 0), message: #""no""#))
    }

    @Test("the usual answer is read as all others are, and what only looks like it too")
    func usualReply() {
        func reply(_ text: String) -> Reply? { if case .reply(let reply) = decode(text) { reply } else { nil } }
        let outcome = Reply.Outcome.success(EngineResult(success: true, json: #"{"s":true}"#))
        let head = #"{"E":null,"r":{"s":true},"i":"#
        for id: Int64 in [0, 1, 10, 4_711, 999_999_999_999_999_999, 1_000_000_000_000_000_000, .max, -1, .min] {
            #expect(reply("\(head)\(id)}") == Reply(id: id, outcome: outcome))
            #expect(reply("\(head)\(id) }") == Reply(id: id, outcome: outcome))
            #expect(reply("\(head)\"\(id)\"}") == Reply(id: id, outcome: outcome))
        }
        #expect(reply("\(head)1,\"x\":2}") == Reply(id: 1, outcome: outcome))
        for end in ["}", "01}", "00}", "1", "1]", "1}}", "1}x", "1:}", "9223372036854775808}", "+1}", "1e}", "/}"] {
            #expect(reply(head + end) == nil, "\(end)")
        }
    }

    @Test(
        "everything else is unknown, and says why",
        arguments: ["", "ping", "[]", "{}", "null", #"{"e":"other"}"#, #"{"E":null}"#, "{\"i\":1}"])
    func unknown(text: String) {
        guard case .unknown(let reason) = decode(text) else { return #expect(Bool(false), "\(decode(text))") }
        #expect(!reason.isEmpty)
    }

    @Test("pong is pong")
    func pong() {
        #expect(decode("pong") == .pong)
    }

    @Test("P12: mutated frames never trap, and say what a plain reading of them says")
    func fuzz() throws {
        let frames = [
            #"{"e":"queue.pop","p":{"n":2,"c":"1627581697287520263","t":"orders","d":{"frame":{"type":"text","data":"{\"sku\":7}\u00e9","finish":true}}},"id":null}"#,
            #"{"E":null,"r":{"s":true,"f":1,"t":6},"i":4}"#, #"{"E":{"c":401,"m":"client is gone"},"i":5}"#,
            #"{"E":null,"r":{"s":true},"i":3}"#, #"{ "id" : "6" , "r" : [ 1 , 2.50e+3 ] , "E" : null }"#,
            #"{"e":"queue.pop","p":{"d":[],"c":18446744073709551615,"t":"caf\u00e9 é"}}"#,
        ]
        let telling = Array(#""\{}[]:,.eEpcdtirn0149- u"#.utf8)
        var generator = SeededGenerator(for: "frames")  // where it traps, only what it printed tells the seed
        let seed = generator.seed
        var seen: Set<String> = []
        for round in 0..<15_000 {
            var bytes = Array(frames[round % frames.count].utf8)
            for _ in 0..<Int.random(in: 0...5, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<6, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: place)
                case 3: bytes[place] = telling.randomElement(using: &generator) ?? 0
                case 4: bytes.insert(contentsOf: bytes[place...].prefix(12), at: place)
                default: bytes.removeLast((bytes.count - place) / 8)
                }
            }
            let plain = PlainReading(bytes)
            let found = PlainReading(FrameDecoder.decode(ByteBuffer(bytes: bytes)))
            #expect(
                found == plain, "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            seen.insert("\(plain)".prefix { $0 != "(" }.description)
        }
        #expect(seen == ["message", "unreadable", "success", "failure", "unknown"], "seed \(seed)")
    }

    @Test("P12: answers of the HTTP api, and what is none")
    func http() {
        func outcome(_ text: String) -> Reply.Outcome? { FrameDecoder.outcome(ofHTTP: ByteBuffer(string: text)) }
        guard case .success(let result)? = outcome(#"{"E":null,"r":{"s":4,"f":1}}"#) else { return #expect(Bool(false)) }
        #expect(result.delivered == 4 && result.failed == 1)
        #expect(outcome(#"{"E":{"c":401,"m":"gone"}}"#) == .failure(.sendFailed, message: "gone"))
        #expect(outcome(#"{"E":"odd"}"#) == .failure(EngineErrorCode(rawValue: 0), message: #""odd""#))
        for text in ["", "<html>", "{}", #"{"error":"not found"}"#, "[]", "null", #"{"E":null,"r":{"#, #"{"E":null,"r":{}} x"#] {
            #expect(outcome(text) == nil, "\(text)")
        }
    }
}
