/// How a command fared on a connection.
struct CommandOutcome: Sendable {
    var command: Int64
    var result: Result

    enum Result: Sendable {
        case replied(Reply.Outcome)
        /// Written, and no answer in time. The connection stands, and an answer may yet come.
        case overdue(reason: String)
        /// Written, and no answer before the connection ended: nobody knows whether it was applied.
        case lost(Disconnection)
        /// Never written: surely not applied.
        case notWritten
    }
}
