import Synchronization
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("the writer", .timeLimit(.minutes(1)))
struct WriterTests {
    /// Fails, leaves a file in which no transaction begins any more, and would always like another try.
    private final class Stubborn: WriteOperation {
        private struct Failure: Error {}
        let runs = Mutex(0)
        private let finished = AsyncStream.makeStream(of: Bool.self)

        func prepare() {}

        func apply(_ transaction: Transaction) throws {
            runs.withLock { $0 += 1 }
            try transaction.connection.execute("DROP TABLE adoption; COMMIT")
            throw Failure()
        }

        func mayRunAgain(after error: any Error) -> Bool { true }

        func finish(_ result: Result<Void, any Error>) {
            finished.continuation.yield((try? result.get()) != nil)
        }

        func isWritten() async -> Bool? { await finished.stream.first { _ in true } }
    }

    @Test("P8: an operation that may run again ends all the same where no transaction begins any more")
    func ends() async throws {
        try await withStore(troubles: [.corrupt, .internal]) { store in
            let stubborn = Stubborn()
            #expect(store.writer.submit(stubborn))
            #expect(await stubborn.isWritten() == false)
            #expect(stubborn.runs.withLock { $0 } == 1)
        }
    }
}
