/// A drain that says when it is through.
final class LastDrain: WriteOperation {
    private let drain: DrainOperation
    private let completion: @Sendable (Bool) -> Void

    init(core: ConsumerCore, completion: @escaping @Sendable (Bool) -> Void) {
        drain = DrainOperation(core: core)
        self.completion = completion
    }

    func prepare() { drain.prepare() }
    func apply(_ transaction: Transaction) throws { try drain.apply(transaction) }
    func mayRunAgain(after error: any Error) -> Bool { drain.mayRunAgain(after: error) }

    func finish(_ result: Result<Void, any Error>) {
        drain.finish(result)
        if case .success = result { completion(true) } else { completion(false) }
    }
}
