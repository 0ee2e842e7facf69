/// One message of a batch, with an outcome of its own. See ``Handlers/handle(_:inBatchesOf:within:options:_:)``.
public struct BatchedMessage: Sendable {
    /// The message.
    public let message: Message
    /// Where its commands and writes are staged. It belongs to this message alone.
    public let context: HandlerContext
    private let failure = Locked<(any Error)?>(nil)

    init(message: Message, context: HandlerContext) {
        self.message = message
        self.context = context
    }

    /// This message's attempt has failed with that error, ``HandlerError`` included; the others are not touched by it. The first error counts.
    public func fail(_ error: any Error) {
        failure.withLock { $0 = $0 ?? error }
    }

    /// - Parameter error: what the whole batch failed with.
    /// - Throws: what this one failed with, where it has.
    func end(_ error: (any Error)?) throws {
        if let error = failure.withLock({ $0 }) ?? error { throw error }
    }
}

/// Handles the messages of a batch. Returning means that all are done which were not failed; throwing, that all have failed.
///
/// Runs on the concurrent executor.
public typealias BatchHandler = @Sendable ([BatchedMessage]) async throws -> Void
