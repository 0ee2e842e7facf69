internal import CSimulatedMachine
internal import NIOCore

/// The server's half of a WebSocket, as far as a model of connmix needs it (RFC 6455).
final class WebSocketServer: ServerSide {
    enum Event {
        case opened
        case text([UInt8])
        case closed
    }

    private let link: Link
    private let onEvent: (Event) -> Void
    private var received: [UInt8] = []
    private var isOpen = false
    private var isClosed = false
    /// The upgrade is never answered.
    var isMute = false

    init(_ link: Link, _ onEvent: @escaping (Event) -> Void) {
        self.link = link
        self.onEvent = onEvent
    }

    func received(_ bytes: ByteBuffer) {
        received += bytes.readableBytesView
        if !isOpen { open() }
        while isOpen, !isClosed, takeFrame() {}
    }

    func closed() {
        guard !isClosed else { return }
        isClosed = true
        onEvent(.closed)
    }

    /// When the client wrote what was received last.
    var writtenAt: World.Time { link.writtenAt }

    func cut() { link.cut() }
    func stall(_ isStalled: Bool) { link.isStalled = isStalled }

    private func open() {
        guard !isMute, let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
        received.removeSubrange(..<end.upperBound)
        let key =
            head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("sec-websocket-key:") }?
            .split(separator: ":", maxSplits: 1).last.map { $0.drop { $0 == " " } } ?? ""
        var accept = [CChar](repeating: 0, count: 32)
        simulated_websocket_accept(String(key), &accept)
        let text = String(decoding: accept.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        link.reply(
            ByteBuffer(
                string:
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(text)\r\n\r\n"
            ))
        isOpen = true
        onEvent(.opened)
    }

    private func takeFrame() -> Bool {
        guard received.count >= 2 else { return false }
        let opcode = received[0] & 0x0F
        var length = Int(received[1] & 0x7F)
        var at = 2
        let sizeBytes = length == 126 ? 2 : length == 127 ? 8 : 0
        guard received.count >= at + sizeBytes + 4 else { return false }
        if sizeBytes > 0 {
            length = received[at..<at + sizeBytes].reduce(0) { $0 << 8 | Int($1) }
            at += sizeBytes
        }
        let mask = Array(received[at..<at + 4])
        at += 4
        guard received.count >= at + length else { return false }
        var content = Array(received[at..<at + length])
        for index in content.indices { content[index] ^= mask[index & 3] }
        received.removeSubrange(..<(at + length))
        switch opcode {
        case 1: onEvent(.text(content))
        case 8:
            write(opcode: 8, content)
            link.finish()
        case 9: write(opcode: 10, content)
        default: break
        }
        return true
    }

    func send(_ text: String, messages: [Int] = []) { write(opcode: 1, Array(text.utf8), messages: messages) }
    func send(bytes: [UInt8], messages: [Int] = []) { write(opcode: 1, bytes, messages: messages) }

    func close(code: UInt16) {
        write(opcode: 8, [UInt8(code >> 8), UInt8(code & 0xFF)])
        link.finish()
    }

    private func write(opcode: UInt8, _ content: [UInt8], messages: [Int] = []) {
        var frame = ByteBuffer()
        frame.writeInteger(0x80 | opcode)
        switch content.count {
        case ..<126: frame.writeInteger(UInt8(content.count))
        case ..<65_536: frame.writeMultipleIntegers(UInt8(126), UInt16(content.count))
        default: frame.writeMultipleIntegers(UInt8(127), UInt64(content.count))
        }
        frame.writeBytes(content)
        link.reply(frame, messages: messages)
    }
}

/// A center: one answer a connection.
final class CenterServer: ServerSide {
    private let link: Link
    private var received: [UInt8] = []
    private let answer: (_ path: String) -> String?

    /// - Parameter answer: `nil`: never.
    init(_ link: Link, answer: @escaping (_ path: String) -> String?) {
        self.link = link
        self.answer = answer
    }

    func received(_ bytes: ByteBuffer) {
        received += bytes.readableBytesView
        // It has no body.
        guard received.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return }
        let path = String(decoding: received, as: UTF8.self).split(separator: " ").dropFirst().first.map(String.init) ?? ""
        received = []
        guard let text = answer(path) else { return }
        link.reply(ByteBuffer(string: text))
        link.finish()
    }

    func closed() {}
}
