import NIOCore

/// What a command is answered with.
enum Answer: Equatable {
    case done
    case sent
    case published(succeeded: Int, failed: Int)
    case pong
    case failure(code: Int, message: String)

    static let invalidParams = Answer.failure(code: 101, message: "invalid params")
    static let consumeFailed = Answer.failure(code: 201, message: "consume failed")
    static let repeatedConsume = Answer.failure(code: 202, message: "repeated consume")
    static let unpopFailed = Answer.failure(code: 203, message: "unpop failed")
    static let callFailed = Answer.failure(code: 301, message: "call failed")
    static let clientIsGone = Answer.failure(code: 401, message: "client is gone")

    var isFailure: Bool {
        switch self {
        case .failure: true
        case .done, .sent, .published, .pong: false
        }
    }

    /// One text frame with the id echoed.
    func writeFrame(id: UnsafeRawBufferPointer, dialect: DevEngine.Dialect, into buffer: inout ByteBuffer) {
        if case .failure = self {
            self.writeFrame(prefix: self.text(dialect) + #","i":"#, id: id, into: &buffer)
        } else if self == .done || (self == .sent && dialect == .docs) {
            let prefix: StaticString = #"{"E":null,"r":{"s":true},"i":"#
            let length = prefix.utf8CodeUnitCount + id.count + 1
            ServerFrame.write(text: length, into: &buffer) { cursor in
                cursor.write(prefix)
                cursor.write(id)
                cursor.write("}")
            }
        } else {
            self.writeFrame(prefix: self.text(dialect) + #","i":"#, id: id, into: &buffer)
        }
    }

    /// The body of the HTTP api: the same without the id.
    func body(_ dialect: DevEngine.Dialect) -> String { self.text(dialect) + "}" }

    private func writeFrame(prefix: String, id: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        ServerFrame.writeHeader(text: prefix.utf8.count + id.count + 1, into: &buffer)
        buffer.writeString(prefix)
        buffer.writeBytes(id)
        buffer.writeInteger(UInt8(ascii: "}"))
    }

    /// Everything but the id and the closing brace.
    private func text(_ dialect: DevEngine.Dialect) -> String {
        switch (self, dialect) {
        case (.done, _), (.sent, .docs): #"{"E":null,"r":{"s":true}"#
        case (.sent, .php105): #"{"E":null,"r":{"s":true,"f":0,"t":1}"#
        case (.published(let succeeded, let failed), .docs): #"{"E":null,"r":{"s":\#(succeeded),"f":\#(failed)}"#
        case (.published(let succeeded, let failed), .php105):
            #"{"E":null,"r":{"s":\#(succeeded > 0 || failed == 0),"f":\#(failed),"t":\#(succeeded + failed)}"#
        case (.pong, .docs): #"{"E":null,"r":{"m":"server.pong"}"#
        case (.pong, .php105): #"{"E":null,"r":{"s":"server.pong"}"#
        case (.failure(let code, let message), _):
            #"{"E":{"c":\#(code),"m":\#(String(decoding: JSONText.quoted(message), as: UTF8.self))}"#
        }
    }
}
