import ConnmixDurable
import Synchronization

/// Tells the service manager how the consumer stands: performs what a `NoticePlan` decides.
final class ServiceNotices: Sendable {
    private let socket: NotifySocket
    private let consumer: ConnmixConsumer
    private let plan: Mutex<NoticePlan>
    private let start = ContinuousClock.now

    init(_ socket: NotifySocket, _ consumer: ConnmixConsumer, _ configuration: ConsumerConfiguration) {
        self.socket = socket
        self.consumer = consumer
        // What the steps of a stop may take together, twice, and the last checkpoint.
        let stopLimit = (configuration.shutdownGrace * 2 + configuration.drain) * 2 + .seconds(60)
        plan = Mutex(NoticePlan(database: configuration.database, watchdog: NotifySocket.watchdog, stopLimit: stopLimit))
    }

    /// Runs `body`, and tells of the consumer meanwhile where somebody wants to know.
    ///
    /// - Parameter body: calls what it gets when the consumer is asked to stop. It is the one that listens to signals.
    static func during(
        _ consumer: ConnmixConsumer, _ configuration: ConsumerConfiguration,
        _ body: @escaping @Sendable (_ stops: @escaping @Sendable () -> Void) async throws -> Void
    ) async throws {
        guard let socket = NotifySocket.ours else { return try await body {} }
        let notices = ServiceNotices(socket, consumer, configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await notices.run() }
            defer { group.cancelAll() }
            try await body { notices.perform { $0.stop(consumer.standing, now: $1) } }
        }
    }

    /// Looks once a second until the task is cancelled.
    private func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                if perform({ $0.look(consumer.standing, now: $1) }) {
                    // One that hangs is waited for here, beside the next looks.
                    group.addTask { [self] in
                        guard await consumer.signOfLife() else { return }
                        perform { plan, _ in .init(notice: plan.answered()) }
                    }
                }
                try? await Task.sleep(for: .seconds(1))
            }
            group.cancelAll()
        }
    }

    /// - Returns: whether the consumer is to be asked for a sign of life.
    @discardableResult
    private func perform(_ decide: (inout NoticePlan, _ now: Duration) -> NoticePlan.Step) -> Bool {
        plan.withLock { plan in
            let now = ContinuousClock.now - start
            let step = decide(&plan, now)
            // Under the lock, so that what is said last is what holds. It waits for nobody.
            if let notice = step.notice, socket.send(notice.text) { plan.sent(notice, now: now) }
            return step.asks
        }
    }
}
