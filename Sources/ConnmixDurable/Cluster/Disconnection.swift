/// How a connection to a node ended.
struct Disconnection: Sendable, Equatable {
    enum Cause: Sendable, Equatable {
        /// This side wanted it: a stop, a node that was left or replaced.
        case wanted
        /// The engine closed it, or what lies between.
        case peer
        /// The engine said something that nobody may say.
        case violation
        /// The engine said nothing, answered nothing or took nothing for too long.
        case silence
    }

    var cause: Cause
    var reason: String
    /// Everything that was asked for was done.
    var isClean = false
    /// Of the engine's close frame.
    var closeCode: UInt16?

    /// Whether something that was in flight may be why.
    var mayHaveACulprit: Bool { cause != .wanted }
}
