import ConnmixDurable
import Logging
import ServiceLifecycle

/// `--worker`: processes that stay, each with one message at a time.
final class WorkerPool: Service {
    private let program: SidecarProgram
    private let count: Int
    private let timeout: Duration?
    private let logger: Logger
    private let queue = JobQueue()

    init(_ program: SidecarProgram, count: Int, timeout: Duration?, logger: Logger) {
        self.program = program
        self.count = count
        self.timeout = timeout
        self.logger = logger
    }

    /// Hands a message to a worker and waits for its answer.
    func handle(_ message: Message, _ context: HandlerContext) async throws {
        switch try await answer(message) {
        case .done(let commands): for command in commands { try context.stage(command) }
        case .failed(let reason): throw SidecarError(reason)
        case .permanent(let reason): throw HandlerError.permanent(reason)
        case .retry(let pause, let reason): throw HandlerError.retry(after: pause, reason: reason)
        }
    }

    private func answer(_ message: Message) async throws -> WorkerAnswer.Verdict {
        let line = MessageLine.bytes(message)
        let ticket = JobTicket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                let job = WorkerJob(id: message.id, line: line, waiter: waiter)
                if ticket.issue(job) { queue.add(job) }
            }
        } onCancel: {
            ticket.cancel()
        }
    }

    /// Keeps the workers alive until a graceful shutdown or cancellation; then ends them all.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                for number in 1...max(1, count) {
                    group.addTask { await self.keepAlive(number) }
                }
            }
        }
    }

    private func keepAlive(_ number: Int) async {
        var logger = logger
        logger[metadataKey: "worker"] = "\(number)"
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            let process = WorkerProcess(program, queue: queue, timeout: timeout, logger: logger)
            let end = await process.run()
            guard !Task.isCancelled else { return }
            if end.answers > 0 { pause = .milliseconds(100) }
            logger.warning("worker ended and is started again", metadata: ["reason": "\(end.reason)"])
            // Half to all of the pause, so that workers that died together do not start together.
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, .seconds(30))
        }
    }
}
