/// How a command ended, with the evidence.
struct Settlement: Sendable, Equatable {
    var state: CommandState
    /// Answers.
    var attempts: Int
    /// How often it was written to a socket.
    var writes: Int
    /// The node that answered.
    var node: String?
    var code: Int64?
    var error: String?
    /// A publish's counts.
    var delivered: Int64?
    var failed: Int64?
    /// It was an acknowledgement, which nobody need be told of.
    var isAcknowledgement = false
}
