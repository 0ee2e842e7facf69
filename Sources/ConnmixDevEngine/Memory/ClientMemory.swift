import NIOCore

/// One end user's connection, as its node remembers it.
struct ClientMemory {
    enum Wait: Equatable {
        case nothing
        case context(key: String)
        /// Until the key has this value.
        case acknowledgement(key: String, value: String)
        case queue(Int)
    }

    /// Frames held while the connection waits; more are dropped and counted.
    static let heldLimit = 10_000

    /// Key to JSON text.
    var context: [String: String] = [:]
    var channels: Set<String> = []
    var wait = Wait.nothing
    /// Counts its waits for a context value, so that one can be told from the next.
    var waits = 0
    /// Of its request, as a JSON object; empty where nobody asks for them.
    var headers: [UInt8] = []
    var held = CircularBuffer<ByteBuffer>(initialCapacity: 0)
    /// Numbers that were acknowledged and that the end user was not told yet.
    var acknowledged: [String] = []
    var sends = 0
    var calls = 0
}
