/// A command of the outbox as it is kept.
public struct OutboxRecord: Sendable {
    /// What `data` holds.
    public enum DataType: String, Sendable {
        /// A text frame.
        case text
        /// A binary frame.
        case binary
        /// The arguments of a call, or the params of another method.
        case json
    }

    /// Ids grow in the order of enqueuing and are never used twice.
    public let id: Int64
    /// The journal entry whose handler issued it.
    public let messageID: Int64?
    /// The method on the wire.
    public let kind: String
    /// Of a `mesh.send` or `conn.call`.
    public let client: String?
    /// Of a `mesh.publish`.
    public let channel: String?
    /// Of a `conn.call`.
    public let function: String?
    /// The lane it keeps its order in, beside its target's.
    public let lane: String?
    /// The node that took it; while pending the one it belongs to or prefers.
    public let node: String?
    /// Where it is on its way.
    public let state: CommandState
    /// Answers so far.
    public let attempts: Int
    /// How often it was written to a socket.
    public let writes: Int
    /// Microseconds since 1970, UTC; as all times here.
    public let enqueuedAt: Int64
    /// While pending: may be sent from then on. In microseconds since 1970, UTC.
    public let availableAt: Int64?
    /// Not sent from then on; `nil`: no limit. In microseconds since 1970, UTC.
    public let expiresAt: Int64?
    /// When it was sent or given up; `nil` while it is pending. In microseconds since 1970, UTC.
    public let settledAt: Int64?
    /// Why its last try came to nothing or it was given up, for people, kept also where it was sent later; `nil`: neither.
    public let lastError: String?
    /// The engine's error code.
    public let code: Int64?
    /// How many subscribers a publish reached.
    public let delivered: Int64?
    /// How many it did not reach.
    public let failed: Int64?
    /// How `data` is to be read.
    public let type: DataType
    /// `nil` where it was not asked for.
    public let data: [UInt8]?
}
