/// What becomes of a connection, for whoever keeps it.
enum ConnectionReport {
    /// It takes commands.
    case opened
    /// `queue.pop` was answered in this form.
    case consuming(RequestForm)
    case notConsuming(NotConsuming)
    /// Something came in that nobody knows.
    case unknownFrame(reason: String)
    /// Nothing comes any more; messages and outcomes were handed on before.
    case closed(Disconnection)
}
