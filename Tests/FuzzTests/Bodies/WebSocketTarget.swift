import NIOCore
import NIOEmbedded
import NIOWebSocket

@testable import ConnmixDurable

/// Bytes of a node after the upgrade: NIO's frame decoder, `FrameRules` and `FrameJoin`, beside a plain reading of RFC 6455.
enum WebSocketTarget {
    struct Reading: Equatable {
        var frames: [FrameJoin.Frame] = []
        var fault: FrameFault?
    }

    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let whole = try read([bytes])
        try hold(whole == PlainFrames.read(bytes), "a plain reading of the standard finds the same")
        if Thoroughness.isDrawn(bytes) { try hold(try read(bytes.pieces) == whole, "it is the same in pieces") }
        let size = whole.frames.reduce(0) { $0 + $1.content.readableBytes }
        try hold(size + 2 * whole.frames.count <= bytes.count, "no byte is made up")
        try written(bytes)
    }

    private static func read(_ pieces: [UnsafeRawBufferPointer]) throws -> Reading {
        let collector = Collector()
        let channel = EmbeddedChannel(
            handlers: [ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: FrameRules.sizeLimit)), collector])
        for piece in pieces where collector.reading.fault == nil {
            // What is thrown has reached the collector as well, or came from there.
            _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
        }
        _ = try? channel.finish()
        return collector.reading
    }

    /// As `NodeChannelHandler` takes them.
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame

        var reading = Reading()
        private var join = FrameJoin()

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            do {
                if let frame = try join.take(unwrapInboundIn(data)) { reading.frames.append(frame) }
            } catch {
                if reading.fault == nil { reading.fault = error }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            if reading.fault == nil { reading.fault = FrameFault(error) }
        }
    }

    /// What `FrameWriter` writes is a masked frame with the same content, for every length of header.
    private static func written(_ bytes: UnsafeRawBufferPointer) throws {
        var writer = FrameWriter()
        var buffer = ByteBuffer(string: "before")
        writer.write(.text, into: &buffer) { $0.writeBytes(bytes) }
        writer.write(.binary, into: &buffer) { $0.writeBytes(bytes) }
        buffer.moveReaderIndex(forwardBy: 6)
        for opcode in [WebSocketOpcode.text, .binary] {
            guard let (head, content) = PlainFrames.unmasked(&buffer) else { throw Broken(property: "a whole frame is written") }
            try hold(head == 0x80 | UInt8(webSocketOpcode: opcode), "a frame's head is what was asked for")
            try hold(content.elementsEqual(bytes), "a frame's content is what was given")
        }
        try hold(buffer.readableBytes == 0, "nothing else is written")
    }
}

/// RFC 6455, section 5, one byte after the other.
enum PlainFrames {
    static func read(_ bytes: UnsafeRawBufferPointer) -> WebSocketTarget.Reading {
        var reading = WebSocketTarget.Reading()
        var rest = Array(bytes)[...]
        var partial: (opcode: UInt8, content: [UInt8], fragments: Int)?
        while true {
            switch next(&rest) {
            case .incomplete: return reading
            case .fault(let fault):
                reading.fault = fault
                return reading
            case .frame(let head, let isMasked, let content):
                let (opcode, isFinal) = (head & 0x0F, head & 0x80 != 0)
                if let fault = fault(head, isMasked, content, partial != nil) {
                    reading.fault = fault
                    return reading
                }
                if opcode >= 8 {
                    reading.frames.append(whole(opcode, content))
                } else {
                    var message = partial ?? (opcode, [], 0)
                    message.content += content
                    partial = isFinal ? nil : message
                    guard isFinal else { continue }
                    reading.frames.append(whole(message.opcode, message.content))
                }
            }
        }
    }

    private static func whole(_ opcode: UInt8, _ content: [UInt8]) -> FrameJoin.Frame {
        guard let opcode = WebSocketOpcode(encodedWebSocketOpcode: opcode) else {
            preconditionFailure("four bits are a type of frame")
        }
        return .init(opcode: opcode, content: ByteBuffer(bytes: content))
    }

    private enum Next {
        case incomplete
        case fault(FrameFault)
        case frame(head: UInt8, isMasked: Bool, [UInt8])
    }

    private static func next(_ rest: inout ArraySlice<UInt8>) -> Next {
        var place = rest
        guard let head = place.popFirst(), let second = place.popFirst() else { return .incomplete }
        var length = UInt64(second & 0x7F)
        let more = length == 126 ? 2 : length == 127 ? 8 : 0
        if more > 0 {
            guard place.count >= more else { return .incomplete }
            length = place.prefix(more).reduce(0) { $0 << 8 | UInt64($1) }
            place = place.dropFirst(more)
        }
        // What is wrong with a header is known before the content is there.
        if length > UInt64(FrameRules.sizeLimit) { return .fault(.longFrame) }
        if head & 0x88 == 0x08 { return .fault(.fragmentedControl) }
        if head & 0x08 != 0, length > 125 { return .fault(.longControl) }
        let mask = second & 0x80 != 0 ? 4 : 0
        guard place.count >= mask + Int(length) else { return .incomplete }
        place = place.dropFirst(mask)
        rest = place.dropFirst(Int(length))
        return .frame(head: head, isMasked: mask > 0, Array(place.prefix(Int(length))))
    }

    private static func fault(_ head: UInt8, _ isMasked: Bool, _ content: [UInt8], _ isWithinMessage: Bool) -> FrameFault? {
        let opcode = head & 0x0F
        if head & 0x70 != 0 { return .reservedBits(opcode: opcode) }
        if isMasked { return .masked }
        switch opcode {
        case 0: return isWithinMessage ? nil : .strayContinuation
        case 1, 2: return isWithinMessage ? .unfinishedMessage : nil
        case 8:
            guard content.count != 1 else { return .shortClose }
            guard content.count > 1 else { return nil }
            let code = UInt16(content[0]) << 8 | UInt16(content[1])
            let isKnown = (1000...1014).contains(code) && ![1004, 1005, 1006].contains(code) || (3000..<5000).contains(code)
            guard isKnown else { return .closeCode(code) }
            return String(validating: content.dropFirst(2), as: UTF8.self) == nil ? .closeText : nil
        case 9, 10: return nil
        default: return .unknownOpcode(opcode)
        }
    }

    /// A client's frame.
    static func unmasked(_ buffer: inout ByteBuffer) -> (head: UInt8, content: [UInt8])? {
        guard let head = buffer.readInteger(as: UInt8.self), let second = buffer.readInteger(as: UInt8.self),
            second & 0x80 != 0
        else { return nil }
        let length: Int
        switch second & 0x7F {
        case 126: length = buffer.readInteger(as: UInt16.self).map(Int.init) ?? -1
        case 127: length = buffer.readInteger(as: UInt64.self).flatMap(Int.init(exactly:)) ?? -1
        case let short: length = Int(short)
        }
        guard length >= 0, let key = buffer.readBytes(length: 4), let masked = buffer.readBytes(length: length)
        else { return nil }
        return (head, masked.enumerated().map { $1 ^ key[$0 % 4] })
    }
}
