import NIOConcurrencyHelpers
import NIOCore

/// An end user without a socket: its frames go through the node's memory as any other's.
public final class EndUser: Sendable {
    /// A frame that reached the end user.
    public enum Frame: Sendable, Hashable {
        /// A text frame.
        case text(String)
        /// A binary frame.
        case binary([UInt8])

        /// Nil for a binary frame.
        public var text: String? {
            switch self {
            case .text(let text): text
            case .binary: nil
            }
        }
    }

    /// The client id, unique in the mesh.
    public let id: String
    /// Id of its node.
    public let node: String
    let number: UInt64
    let inbox: EndUserInbox
    let engine: DevEngine

    init(engine: DevEngine, number: UInt64, node: String, inbox: EndUserInbox) {
        self.engine = engine
        self.number = number
        self.id = String(number)
        self.node = node
        self.inbox = inbox
    }

    /// Frames as they come; ends when the connection is closed. For one reader. Holds up to 65,536 unread frames.
    public var frames: AsyncStream<Frame> { self.inbox.stream }

    /// Frames received so far, read or not.
    public var receivedCount: Int { self.inbox.received }

    /// Sends a text frame. Throws `endUserGone` when the connection is closed.
    public func send(_ text: String) async throws { try await self.send(contentsOf: [text]) }

    /// Sends text frames in that order, in one step. Throws `endUserGone` when the connection is closed; none was sent then.
    public func send(contentsOf texts: [String]) async throws {
        let number = self.number
        try await self.engine.onLoop { mesh in
            guard mesh.memory.home[number] != nil else {
                throw DevEngineError(.endUserGone, "end user \(number) is not connected")
            }
            for text in texts { mesh.userFrame(ByteBuffer(string: text), from: number) }
        }
    }

    /// Ends the connection: `mesh.send` to it is answered 401 from now on.
    public func close() async {
        let number = self.number
        try? await self.engine.onLoop { $0.disconnect(number) }
    }
}

/// The receiving end of an ``EndUser``.
final class EndUserInbox: Sendable {
    let stream: AsyncStream<EndUser.Frame>
    private let continuation: AsyncStream<EndUser.Frame>.Continuation
    private let count = NIOLockedValueBox(0)

    init() {
        (self.stream, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(65_536))
    }

    var received: Int { self.count.withLockedValue { $0 } }

    func deliver(_ frame: EndUser.Frame) {
        self.count.withLockedValue { $0 += 1 }
        self.continuation.yield(frame)
    }

    func close() { self.continuation.finish() }
}
