import NIOCore
import Testing

@testable import ConnmixDurable

@Suite("requests")
struct RequestEncoderTests {
    private func encoded(_ body: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        body(&buffer)
        return String(buffer: buffer)
    }

    private func encoded(_ command: Command) -> String {
        encoded { RequestEncoder.command(command, id: 7, into: &$0) }
    }

    @Test("control requests in both forms")
    func control() {
        #expect(
            encoded { RequestEncoder.pop(["a", "b\""], form: .docs, id: 1, into: &$0) }
                == #"{"m":"queue.pop","p":{"t":["a","b\""]},"i":1}"#)
        #expect(encoded { RequestEncoder.pop(["a"], form: .php105, id: 2, into: &$0) } == #"{"m":"queue.pop","p":["a"],"i":2}"#)
        #expect(encoded { RequestEncoder.unpop(form: .docs, id: 3, into: &$0) } == #"{"m":"queue.unpop","p":{},"i":3}"#)
        #expect(encoded { RequestEncoder.unpop(form: .php105, id: 3, into: &$0) } == #"{"m":"queue.unpop","p":[],"i":3}"#)
        #expect(encoded { RequestEncoder.ping(id: 4, into: &$0) } == #"{"m":"server.ping","p":[],"i":4}"#)
        for id: Int64 in [0, 9, 10, 99, 100, 4_711, 1_000_000, .max] {
            #expect(encoded { RequestEncoder.ping(id: id, into: &$0) } == "{\"m\":\"server.ping\",\"p\":[],\"i\":\(id)}")
        }
    }

    @Test("commands")
    func commands() throws {
        #expect(encoded(try .meshSend(to: "12", "a\"b")) == #"{"m":"mesh.send","p":{"c":"12","d":"a\"b"},"i":7}"#)
        #expect(
            encoded(try .meshPublish(to: "room:7", binary: [0xDE, 0xAD, 0xBE, 0xEF, 0xFB]))
                == #"{"m":"mesh.publish","p":{"c":"room:7","d":"3q2+7/s=","t":"binary"},"i":7}"#)
        #expect(
            encoded(try .subscribe("12", to: ["a", "b"]))
                == #"{"m":"conn.call","p":{"c":"12","f":"subscribe","a":["a","b"]},"i":7}"#)
        #expect(
            encoded(try .setContextValue("12", "tenant", 42))
                == #"{"m":"conn.call","p":{"c":"12","f":"set_context_value","a":["tenant",42]},"i":7}"#)
        #expect(
            encoded(try .setContext("12", ["k": ["v"]]))
                == #"{"m":"conn.call","p":{"c":"12","f":"set_context","a":[{"k":["v"]}]},"i":7}"#)
        #expect(encoded(try .request("x.y", paramsJSON: #"{"a":1}"#)) == #"{"m":"x.y","p":{"a":1},"i":7}"#)
    }

    @Test("a command that could never be sent is refused where it is written")
    func refused() {
        #expect(throws: ConnmixError.self) { try Command.meshSend(to: "", "x") }
        #expect(throws: ConnmixError.self) { try Command.meshPublish(to: "two words", "x") }
        #expect(throws: ConnmixError.self) { try Command.subscribe("1", to: []) }
        #expect(throws: ConnmixError.self) { try Command.subscribe("1", to: ["a b"]) }
        #expect(throws: ConnmixError.self) { try Command.call("1", "f", argumentsJSON: "[1") }
        #expect(throws: ConnmixError.self) { try Command.call("1", "f", argumentsJSON: "{}") }
        #expect(throws: ConnmixError.self) { try Command.call("1", "f", argumentsJSON: "[1],\"i\":9") }
        #expect(throws: ConnmixError.self) { try Command.request("m", paramsJSON: "7") }
        #expect(throws: ConnmixError.self) {
            try Command.meshSend(to: "1", String(repeating: "x", count: Command.payloadLimit + 1))
        }
    }

    @Test("only integers are ever written bare")
    func bareClients() {
        #expect(ClientID("12", isNumber: true).isNumber)
        for text in ["", "-", "1.5", "1e9", "01", "1,\"x\":2", "0x1"] {
            #expect(!ClientID(text, isNumber: true).isNumber)
        }
    }
}
