/// Why a handler's own writes are not in the file.
enum OwnWriteFailure: Error {
    /// The closure threw, or a statement of its was refused.
    case handler(any Error)
    /// What the disk answers in a trouble of its own, which is no fault of the message. A full disk and a table whose ids are used up look alike.
    case disk(ConnmixError)
    /// A statement ended the transaction that everybody shares (`INSERT OR ROLLBACK`, a trigger's `RAISE(ROLLBACK)`, a change that was
    /// interrupted because it ran for too long).
    case transactionEnded

    /// What is said of an attempt whose writes did that.
    static let endedTransaction = ConnmixError(
        .badData,
        "a statement of the handler ended the shared transaction; write without OR ROLLBACK and RAISE(ROLLBACK), and for less than \(OwnTables.timeLimit.text)"
    )
}
