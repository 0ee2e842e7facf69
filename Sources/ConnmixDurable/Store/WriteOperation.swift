/// Work for the writer thread. All methods run on that thread, in this order.
protocol WriteOperation: AnyObject, Sendable {
    /// Called once, when the batch of this operation begins: the moment to take everything that has gathered.
    func prepare()
    /// Called inside the transaction; once more in a transaction of its own where the batch failed, so it must not consume
    /// what `prepare` took.
    func apply(_ transaction: Transaction) throws
    /// Whether `apply` will do something else than what failed, and is to be called again in a new transaction.
    func mayRunAgain(after error: any Error) -> Bool
    /// Called once, after COMMIT, or with the error that left nothing of `apply` in the file.
    func finish(_ result: Result<Void, any Error>)
}

extension WriteOperation {
    func mayRunAgain(after error: any Error) -> Bool { false }
}

/// A closure as an operation, for callers that await its result.
final class ClosureOperation<Output: Sendable>: WriteOperation {
    private let body: @Sendable (Transaction) throws -> Output
    private let completion: @Sendable (Result<Output, any Error>) -> Void
    // Only ever touched by the writer thread, between `apply` and `finish`.
    nonisolated(unsafe) private var output: Output?

    init(
        _ body: @escaping @Sendable (Transaction) throws -> Output,
        completion: @escaping @Sendable (Result<Output, any Error>) -> Void
    ) {
        self.body = body
        self.completion = completion
    }

    func prepare() {}

    func apply(_ transaction: Transaction) throws {
        output = try body(transaction)
    }

    func finish(_ result: Result<Void, any Error>) {
        switch (result, output) {
        case (.success, let output?): completion(.success(output))
        case (.success, nil): completion(.failure(ConnmixError(.internal, "an operation committed without a result")))
        case (.failure(let error), _): completion(.failure(error))
        }
    }
}
