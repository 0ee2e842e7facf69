import NIOCore
import Testing

@testable import ConnmixDurable

@Suite("typed handlers")
struct TypedHandlerTests {
    private struct Order: Codable, Equatable {
        var sku: Int
    }

    private struct Envelope: Decodable {
        struct Frame: Decodable { var data: String }
        var frame: Frame
    }

    private func run(_ json: String, decoding: MessageDecoding = .automatic) async throws -> HandlerTrial.Report {
        var handlers = Handlers()
        handlers.handle("orders", as: Order.self, decoding: decoding) { order, message, context in
            try context.meshSend(to: message.client, json: order)
        }
        return try await HandlerTrial(handlers).run(Message(topic: "orders", client: "7", json: json))
    }

    /// To the letter what the engine pops.
    private static let frame = #"{"frame":{"type":"text","data":"{\"sku\":7}","finish":true}}"#

    @Test(
        "the end user's text is decoded where the message is a frame, what stands in its place where that is JSON, and all of it otherwise",
        arguments: [
            Self.frame, #"{"event":"message","uid":3,"frame":{"type":"text","data":{"sku":7},"finish":true}}"#, #"{"sku":7}"#,
            #"{"sku":7,"frame":"none"}"#, #"{"frame":{"type":"text"},"sku":7}"#, #" { "frame" : { "data" :  {"sku" : 7 } } } "#,
        ])
    func automatic(json: String) async throws {
        #expect(try await run(json).outcome == .done([.meshSend(to: "7", #"{"sku":7}"#)]))
    }

    @Test("which part it is can be fixed")
    func fixed() async throws {
        #expect(try await run(Self.frame, decoding: .endUserText).commands.count == 1)
        #expect(try await run(#"{"sku":7}"#, decoding: .wholePayload).commands.count == 1)
        let none = try await run(#"{"sku":7}"#, decoding: .endUserText)
        #expect(none.outcome == .dead(reason: #"the message has no frame.data to be decoded as Order; it was "{"sku":7}""#))
        let whole = try await run(Self.frame, decoding: .wholePayload)
        #expect(whole.outcome == .dead(reason: "the message is no Order: there is no \"sku\"; it was \"\(Self.frame)\""))
        let envelope = try Message(topic: "orders", json: Self.frame).decode(Envelope.self)
        #expect(envelope.frame.data == #"{"sku":7}"#)
        let message = Message(topic: "orders", json: Self.frame)
        #expect(try message.json(as: Order.self) == Order(sku: 7))
        #expect(try message.json(as: Envelope.self, decoding: .wholePayload).frame.data == #"{"sku":7}"#)
    }

    @Test("P12: what does not decode is dead at once, and says what was there, bounded and escaped")
    func evidence() async throws {
        func reason(_ text: String) async throws -> String {
            let report = try await run(String(buffer: Message(topic: "orders", text: text).data))
            #expect(report.failure == .permanent)
            return report.error ?? ""
        }
        let wrong = try await reason(#"{"sku":"x"}"#)
        #expect(wrong.hasPrefix("the end user's text is no Order: sku: "), "\(wrong)")
        #expect(wrong.hasSuffix(#"; it was "{"sku":"x"}""#), "\(wrong)")
        let none = try await reason("hello\u{1B}[31m")
        #expect(none.hasPrefix("the end user's text is no Order: "), "\(none)")
        #expect(none.hasSuffix(#"; it was "hello\u{1b}[31m""#), "\(none)")
        let long = try await reason(#"{"sku":"\#(String(repeating: "é", count: 100_000))"}"#)
        #expect(long.utf8.count < 600, "\(long.utf8.count)")
        #expect(long.hasSuffix("…\""))
    }

    @Test("what an end user sent makes no cause of its own")
    func causes() {
        let errors = ["{}", #"{"a; it was "b"}"#, "hello 1"].map {
            "the message is no Order: there is no \"sku\"" + ErrorText.evidence($0)
        }
        #expect(Set(errors.map(FailureCause.name)) == ["the message is no Order: there is no \"sku\""])
        #expect(FailureCause.name(of: "it was \"late\"") == "it was \"late\"")
    }
}
