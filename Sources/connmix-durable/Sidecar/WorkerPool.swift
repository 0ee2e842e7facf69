import ConnmixDurable
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// `--worker`: processes that stay, each working on one message at a time.
///
/// They are started with the first message: by then the database file is ours.
final class WorkerPool: Service {
    private let program: SidecarProgram
    private let count: Int
    private let timeout: Duration?
    private let logger: Logger
    private let loop: any EventLoop
    private let queue = JobQueue()
    private let firstMessage = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingOldest(1))

    /// How many handlers keep workers busy: while one has its message another one's is ready. What is out of range stays so, to be
    /// refused by the number that was named.
    static func handlers(forWorkers count: Int) -> Int {
        let most = ConsumerConfiguration.concurrencyLimit
        return (1...most).contains(count) ? min(count * 2, most) : count
    }

    /// Runs `body` with a pool and on its event loop.
    static func with(
        _ program: SidecarProgram, count: Int, timeout: Duration?, logger: Logger,
        body: @Sendable (WorkerPool) async throws -> Void
    ) async throws {
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let pool = WorkerPool(program, count: count, timeout: timeout, logger: logger, loop: threads.next())
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await withTaskExecutorPreference(EventLoopExecutor(pool.loop)) { try await body(pool) })
        } catch {
            result = .failure(error)
        }
        try await threads.shutdownGracefully()
        try result.get()
    }

    private init(_ program: SidecarProgram, count: Int, timeout: Duration?, logger: Logger, loop: any EventLoop) {
        self.program = program
        self.count = count
        self.timeout = timeout
        self.logger = logger
        self.loop = loop
    }

    /// Hands a message to a worker and waits for its answer.
    func handle(_ message: Message, _ context: HandlerContext) async throws {
        firstMessage.continuation.finish()
        switch try await answer(message, context) {
        case .done(let commands): for command in commands { try context.stage(command) }
        case .failed(let reason): throw SidecarError(reason)
        case .permanent(let reason): throw HandlerError.permanent(reason)
        case .retry(let pause, let reason): throw HandlerError.retry(after: pause, reason: reason)
        }
    }

    private func answer(_ message: Message, _ context: HandlerContext) async throws -> WorkerAnswer.Verdict {
        let line = ByteBuffer(bytes: MessageLine.bytes(message))
        let ticket = JobTicket()
        return try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await withCheckedThrowingContinuation { waiter in
                    let job = WorkerJob(id: message.id, line: line, context: context, waiter: waiter)
                    if ticket.issue(job) { queue.add(job) }
                }
            } onGracefulShutdown: {
                ticket.stop()
            }
        } onCancel: {
            ticket.cancel()
        }
    }

    /// Keeps the workers alive from the first message until a graceful shutdown or cancellation; then ends them all.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await _ in firstMessage.stream {}
            guard !Task.isCancelled else { return }  // before any came
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
            let process = WorkerProcess(program, queue: queue, timeout: timeout, logger: logger, loop: loop)
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
