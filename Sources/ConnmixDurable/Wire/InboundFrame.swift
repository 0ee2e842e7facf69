internal import NIOCore

/// What one text frame of a node says.
enum InboundFrame: Equatable {
    /// A message, popped from a queue. It exists nowhere else any more.
    case message(PoppedMessage)
    /// A popped message that cannot be understood. It is gone from the engine all the same.
    case unreadableMessage(reason: String)
    case reply(Reply)
    case pong
    /// No frame this client knows: counted, reported, harmless.
    case unknown(reason: String)
}

/// A `queue.pop` event, its payload where it lies in the received frame.
struct PoppedMessage: Equatable {
    var topic: String
    var client: ClientID
    /// The node id that the event names; the engine need not send one.
    var node: String?
    /// The bytes of `d`, exactly as received: JSON text in UTF-8.
    var data: ByteBuffer
}

/// The answer to a request.
struct Reply: Equatable {
    var id: Int64
    var outcome: Outcome

    enum Outcome: Equatable {
        case success(EngineResult)
        case failure(EngineErrorCode, message: String)
    }
}

/// A result object, in whichever of the dialects it came.
struct EngineResult: Equatable {
    /// The `s` of the answer where it is a flag.
    var success: Bool?
    /// How many end users a publish reached.
    var delivered: Int64?
    /// How many end users a publish did not reach.
    var failed: Int64?
    /// The result's JSON text, for methods this client does not know.
    var json: String
}
