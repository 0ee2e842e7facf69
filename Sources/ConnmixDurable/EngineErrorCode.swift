/// An error code of the engine, as the connmix documentation lists them; other codes are kept as they come.
public struct EngineErrorCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The number, as the engine wrote it.
    public let rawValue: Int64

    /// Any number, listed below or not.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// 101: the parameters do not fit the method, or they are in another dialect's form.
    public static let invalidParameters = Self(rawValue: 101)
    /// 201: `queue.pop` was refused.
    public static let consumeFailed = Self(rawValue: 201)
    /// 202: this connection consumes already.
    public static let consumedAlready = Self(rawValue: 202)
    /// 203: `queue.unpop` was refused.
    public static let unpopFailed = Self(rawValue: 203)
    /// 301: `conn.call` failed: the end user is gone, or is on another node.
    public static let callFailed = Self(rawValue: 301)
    /// 401: `mesh.send` failed: the end user is gone or cannot be reached.
    public static let sendFailed = Self(rawValue: 401)

    /// The number in digits.
    public var description: String { String(rawValue) }
}
