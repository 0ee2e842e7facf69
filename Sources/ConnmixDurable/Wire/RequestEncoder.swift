internal import NIOCore

/// In which form a node takes the parameters of `queue.pop`, `queue.unpop` and `server.ping`.
///
/// Nothing on the wire tells which one an engine speaks. The documented form is tried first and, on error 101, the older one.
enum RequestForm: Sendable, Hashable {
    /// From August 2022: `{"t": [...]}` and `{}`.
    case docs
    /// Of May 2022: `[...]` and `[]`.
    case php105
}

/// Writes requests: `{"m": method, "p": params, "i": id}`.
enum RequestEncoder {
    static func pop(_ topics: [String], form: RequestForm, id: Int64, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"m":"queue.pop","p":"#)
        if form == .docs { buffer.writeStaticString(#"{"t":"#) }
        buffer.writeJSONArray(topics)
        if form == .docs { buffer.writeStaticString("}") }
        buffer.writeRequestEnd(id)
    }

    static func unpop(form: RequestForm, id: Int64, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(form == .docs ? #"{"m":"queue.unpop","p":{}"# : #"{"m":"queue.unpop","p":[]"#)
        buffer.writeRequestEnd(id)
    }

    /// The ping of the older form; the other one's is no request.
    static func ping(id: Int64, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"m":"server.ping","p":[]"#)
        buffer.writeRequestEnd(id)
    }

    /// Any command.
    static func command(_ command: Command, id: Int64, into buffer: inout ByteBuffer) {
        switch command.kind {
        case .send:
            buffer.writeStaticString(#"{"m":"mesh.send","p":"#)
            _ = meshParameters(command, into: &buffer)
        case .publish:
            buffer.writeStaticString(#"{"m":"mesh.publish","p":"#)
            _ = meshParameters(command, into: &buffer)
        case .call(let client, let function):
            buffer.writeStaticString(#"{"m":"conn.call","p":{"c":"#)
            buffer.writeClient(client)
            buffer.writeStaticString(#","f":"#)
            buffer.writeJSONString(function)
            buffer.writeStaticString(#","a":"#)
            command.payload.withBytes { _ = buffer.writeBytes($0) }
            buffer.writeStaticString("}")
        case .request(let method):
            buffer.writeStaticString(#"{"m":"#)
            buffer.writeJSONString(method)
            buffer.writeStaticString(#","p":"#)
            command.payload.withBytes { _ = buffer.writeBytes($0) }
        }
        buffer.writeRequestEnd(id)
    }

    /// The params alone, as the HTTP api takes them.
    ///
    /// - Returns: false where the command is none of the two that it takes; nothing is written then.
    static func meshParameters(_ command: Command, into buffer: inout ByteBuffer) -> Bool {
        switch command.kind {
        case .send(let client):
            buffer.writeStaticString(#"{"c":"#)
            buffer.writeClient(client)
        case .publish(let channel):
            buffer.writeStaticString(#"{"c":"#)
            buffer.writeJSONString(channel)
        case .call, .request:
            return false
        }
        buffer.writePayload(command.payload)
        buffer.writeStaticString("}")
        return true
    }
}

extension ByteBuffer {
    /// - Parameter id: counted from 1.
    fileprivate mutating func writeRequestEnd(_ id: Int64) {
        precondition(id >= 0, "the request id \(id) is below zero")
        let head: StaticString = #","i":"#
        var digits = 1
        var rest = id / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        let size = head.utf8CodeUnitCount + digits + 1
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { free in
            free.copyMemory(from: UnsafeRawBufferPointer(start: head.utf8Start, count: head.utf8CodeUnitCount))
            var rest = id
            for place in stride(from: size - 2, through: head.utf8CodeUnitCount, by: -1) {
                free[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            free[size - 1] = UInt8(ascii: "}")
            return size
        }
    }

    fileprivate mutating func writeClient(_ client: ClientID) {
        if client.isNumber { writeString(client.text) } else { writeJSONString(client.text) }
    }

    fileprivate mutating func writeJSONArray(_ texts: [String]) {
        writeStaticString("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { writeStaticString(",") }
            writeJSONString(text)
        }
        writeStaticString("]")
    }

    /// The `d` of a mesh command, and its `t` where it is binary.
    fileprivate mutating func writePayload(_ payload: Command.Payload) {
        writeStaticString(#","d":"#)
        switch payload {
        case .text(let text):
            writeJSONString(text)
        case .binary(let bytes):
            writeStaticString("\"")
            bytes.withUnsafeBytes { writeBase64($0) }
            writeStaticString(#"","t":"binary""#)
        }
    }

    mutating func writeBase64(_ bytes: UnsafeRawBufferPointer) {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let letters = alphabet.utf8Start
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let group =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            writeInteger(letters[Int(group >> 18)])
            writeInteger(letters[Int(group >> 12 & 63)])
            writeInteger(left > 1 ? letters[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            writeInteger(left > 2 ? letters[Int(group & 63)] : UInt8(ascii: "="))
            index += 3
        }
    }
}
