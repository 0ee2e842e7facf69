/// A commit that says when it is through. The consumer's last ones are asked for like this, beside `CommitSchedule`.
final class LastCommit: WriteOperation {
    private let commit: CommitOperation
    private let completion: @Sendable (Bool) -> Void

    init(core: ConsumerCore, completion: @escaping @Sendable (Bool) -> Void) {
        commit = CommitOperation(core: core, isLast: true)
        self.completion = completion
    }

    func prepare() { commit.prepare() }
    func apply(_ transaction: Transaction) throws { try commit.apply(transaction) }
    func mayRunAgain(after error: any Error) -> Bool { commit.mayRunAgain(after: error) }

    func finish(_ result: Result<Void, any Error>) {
        commit.finish(result)
        if case .success = result { completion(true) } else { completion(false) }
    }
}
