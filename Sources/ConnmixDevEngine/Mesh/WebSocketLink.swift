import NIOCore
import NIOWebSocket

/// What a WebSocket is for: a consumer's API connection or an end user's chat connection.
protocol WebSocketSession: AnyObject {
    func opened(_ link: WebSocketLink)
    func received(text: ByteBuffer)
    func receivedPing()
    func closed()
}

/// The socket side of a WebSocket. Output gathers in one buffer until the turn ends.
final class WebSocketLink: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private static let flushSize = 64 << 10
    private static let keptCapacity = 1 << 20

    private let mesh: Mesh
    private let session: any WebSocketSession
    let valve: Valve?
    /// Of the frame encoder: what is written there passes the encoder by, since it is framed already.
    private var socket: ChannelHandlerContext?
    private var assembler = FrameAssembler()
    private var out = ByteBuffer()
    private var isDirty = false
    private(set) var isClosing = false
    /// The code of the peer's close frame.
    private(set) var goodbye: UInt16?

    init(mesh: Mesh, session: any WebSocketSession, valve: Valve?) {
        self.mesh = mesh
        self.session = session
        self.valve = valve
    }

    /// Whether an event may be written: then it counts as popped.
    var canTake: Bool {
        guard let socket = self.socket, !self.isClosing else { return false }
        return socket.channel.isWritable
    }

    /// Makes room for more. A socket that takes what was held back may be read in the same moment, and what it brings
    /// changes the mesh: never call this while the mesh's memory is being changed.
    func flushIfFull() {
        if self.isOpen, self.out.readableBytes >= Self.flushSize { self.flush() }
    }

    var isOpen: Bool { self.socket != nil && !self.isClosing }

    // MARK: output

    func write(_ frame: ByteBuffer) {
        self.output { $0.writeImmutableBuffer(frame) }
    }

    func write(text: some Collection<UInt8>) {
        self.output { buffer in
            ServerFrame.writeHeader(text: text.count, into: &buffer)
            buffer.writeBytes(text)
        }
    }

    /// Renders frames straight into the output of this turn.
    func output(_ render: (inout ByteBuffer) -> Void) {
        guard self.isOpen else { return }
        render(&self.out)
        guard !self.isDirty else { return }
        self.isDirty = true
        self.mesh.dirty.append(self)
    }

    func flush() {
        self.isDirty = false
        guard let socket = self.socket, self.out.readableBytes > 0 else { return }
        let frames = self.out
        socket.writeAndFlush(NIOAny(frames), promise: nil)
        if frames.capacity > Self.keptCapacity {
            self.out = ByteBuffer()
        } else {
            self.recycle(frames)
        }
    }

    private func recycle(_ sent: consuming ByteBuffer) {
        let capacity = sent.capacity
        _ = consume sent
        self.out.clear(minimumCapacity: capacity)
    }

    func close(code: UInt16) {
        guard self.isOpen else { return }
        self.output { ServerFrame.writeClose(code: code, into: &$0) }
        self.flush()
        self.isClosing = true
        self.socket?.channel.close(promise: nil)
    }

    func drop(reset: Bool) {
        guard let channel = self.socket?.channel else { return }
        self.isClosing = true
        channel.drop(reset: reset)
    }

    // MARK: input

    func handlerAdded(context: ChannelHandlerContext) {
        self.socket = try? context.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
        self.session.opened(self)
        self.mesh.endTurn()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        guard self.socket != nil else { return }
        self.socket = nil
        self.session.closed()
        self.mesh.endTurn()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.isOpen else { return }
        switch self.assembler.receive(self.unwrapInboundIn(data)) {
        case .text(let text): self.session.received(text: text)
        case .ping(let payload):
            self.output { ServerFrame.writePong(payload, into: &$0) }
            self.session.receivedPing()
        case .close(let code):
            self.goodbye = code
            self.close(code: 1000)
        case .violation(let code): self.close(code: code)
        case .binary, .nothing: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.mesh.endTurn()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.mesh.endTurn()
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength: self.close(code: 1009)
        case is NIOWebSocketError: self.close(code: 1002)
        default: context.close(promise: nil)
        }
    }
}
