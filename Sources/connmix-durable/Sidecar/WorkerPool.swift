import ConnmixDurable
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// `--worker`: processes that stay, each working on one message at a time.
///
/// They are started with the first message: by then the database file is ours.
final class WorkerPool: Service {
    private let program: SidecarProgram
    private let gate: LaunchGate
    private let count: Int
    private let timeout: Duration?
    private let anyMethod: Bool
    private let logger: Logger
    private let loop: any EventLoop
    private let queue = JobQueue()
    private let deaths = Mutex(Throttle(every: .seconds(1)))
    private let firstMessage = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingOldest(1))

    /// How many handlers keep workers busy: while one has its message another one's is ready. What is out of range stays so, to be
    /// refused by the number that was named.
    static func handlers(forWorkers count: Int) -> Int {
        let most = ConsumerConfiguration.concurrencyLimit
        return (1...most).contains(count) ? min(count * 2, most) : count
    }

    /// Runs `body` with a pool and on its event loop.
    static func with(
        _ program: SidecarProgram, gate: LaunchGate, count: Int, timeout: Duration?, anyMethod: Bool = false, logger: Logger,
        body: @Sendable (WorkerPool) async throws -> Void
    ) async throws {
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let pool = WorkerPool(
            program, gate: gate, count: count, timeout: timeout, anyMethod: anyMethod, logger: logger, loop: threads.next())
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

    private init(
        _ program: SidecarProgram, gate: LaunchGate, count: Int, timeout: Duration?, anyMethod: Bool, logger: Logger,
        loop: any EventLoop
    ) {
        self.program = program
        self.gate = gate
        self.count = count
        self.timeout = timeout
        self.anyMethod = anyMethod
        self.logger = logger
        self.loop = loop
    }

    /// Hands a message to a worker and waits for its answer.
    func handle(_ message: Message, _ context: HandlerContext) async throws {
        firstMessage.continuation.finish()
        switch try await queue.counting({ try await answer(message, context) }) {
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
        while !Task.isCancelled {
            // It throws where the consumer stops, and only there.
            guard let turn = try? await gate.enter() else { return }
            let process = WorkerProcess(
                program, queue: queue, gate: gate, turn: turn, timeout: timeout, anyMethod: anyMethod, logger: logger,
                loop: loop)
            let end = await process.run()
            guard !Task.isCancelled else { return }
            switch end.manner {
            // The gate has said so, and lets nobody through for a while.
            case .notStarted, .useless: break
            case .expected: logger.debug("worker ended and is replaced", metadata: ["reason": "\(end.reason)"])
            case .fault:
                tell(end.reason, logger)
                // Half to all of the pause, so that workers that died together do not start together.
                try? await Task.sleep(for: .milliseconds(100) * Double.random(in: 0.5...1))
            }
        }
    }

    private func tell(_ reason: String, _ logger: Logger) {
        guard let others = deaths.withLock({ $0.admit(now: .now) }) else { return }
        var facts: Logger.Metadata = ["reason": "\(reason)"]
        if others > 0 { facts["others_before"] = "\(others)" }
        logger.warning("worker ended and is started again", metadata: facts)
    }
}
