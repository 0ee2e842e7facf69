import ConnmixDurable
import NIOCore
import Testing

@testable import connmix_durable

@Suite("a message on its way through a worker")
struct WorkerJobTests {
    /// What its handler hears after `body`.
    private func outcome(_ body: (WorkerJob) -> Void) async -> Result<WorkerAnswer.Verdict, any Error> {
        do {
            return .success(
                try await withCheckedThrowingContinuation { waiter in
                    body(WorkerJob(id: 1, line: ByteBuffer(), context: HandlerContext(), waiter: waiter))
                })
        } catch {
            return .failure(error)
        }
    }

    @Test("a worker that has it goes on with it through the stop")
    func taken() async throws {
        let outcome = await outcome { job in
            #expect(job.take())
            #expect(!job.take())
            job.leaveQueue()
            job.finish(.success(.done([])))
            job.finish(.success(.failed("twice")))
        }
        #expect(try outcome.get() == .done([]))
    }

    @Test("at the stop it leaves the queue, also where a worker gives it back only afterwards")
    func leaves() async throws {
        let waiting = await outcome { $0.leaveQueue() }
        #expect(throws: CancellationError.self) { try waiting.get() }
        let putBack = await outcome { job in
            #expect(job.take())
            job.leaveQueue()
            #expect(!job.putBack())
            #expect(!job.take())
        }
        #expect(throws: CancellationError.self) { try putBack.get() }
        let again = await outcome { job in
            #expect(job.take() && job.putBack() && job.take())
            job.finish(.success(.failed("no")))
            #expect(!job.putBack())
        }
        #expect(try again.get() == .failed("no"))
    }
}
