internal import CSimulatedMachine
internal import ConnmixDurable
internal import Logging
internal import ServiceLifecycleTestKit

/// One life of the consumer: the real one, on simulated threads, sockets, clocks and files.
final class ConsumerProcess: @unchecked Sendable {
    enum End {
        case running
        case inOrder
        case failed(any Error)
    }

    let number: Int
    let world: World
    let executor: SimulatedExecutor
    let thread: SimulatedWriterThread
    let loop: SimulatedLoop
    private(set) var end = End.running
    /// Nothing that it still does reaches the world.
    private(set) var isDead = false
    private(set) var isStopping = false
    /// It has come so far that it takes messages, or would.
    private(set) var hasBegun = false
    private var task: Task<Void, Never>?
    private var listener: Task<Void, Never>?
    private var trigger: GracefulShutdownTestTrigger?
    private let onEvent: (ConsumerEvent) -> Void
    /// The run is in the file.
    var onBegun: () -> Void = {}
    private let onEnd: (ConsumerProcess) -> Void

    init(
        number: Int, world: World, network: Network, onEvent: @escaping (ConsumerEvent) -> Void,
        onEnd: @escaping (ConsumerProcess) -> Void
    ) {
        self.number = number
        self.world = world
        self.onEvent = onEvent
        self.onEnd = onEnd
        executor = SimulatedExecutor(world: world, owner: number)
        thread = SimulatedWriterThread(world: world, owner: number)
        loop = SimulatedLoop(world: world, network: network, owner: number)
    }

    func start(_ configuration: ConsumerConfiguration, _ handlers: Handlers) {
        simulated_process_is(Int32(1 << 30) + Int32(number))
        executor.takeStrays()
        let machinery = Machinery(
            loop: { [self] in
                hasBegun = true
                onBegun()
                return (loop, { [self] in loop.close() })
            },
            aside: { $0() },
            thread: { [self] in thread },
            watch: { [self] look in watch(look) })
        let consumer = ConnmixConsumer(
            configuration: configuration, handlers: handlers,
            logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }, machinery: machinery)
        listener = Task(executorPreference: executor) { [self] in
            for await event in consumer.events where !isDead { onEvent(event) }
        }
        task = Task(executorPreference: executor) { [self] in
            do {
                try await testGracefulShutdown { trigger in
                    self.trigger = trigger
                    try await consumer.run()
                }
                end = .inOrder
            } catch {
                end = .failed(error)
            }
            trigger = nil
            if !isDead { onEnd(self) }
        }
    }

    private func watch(_ look: @escaping @Sendable () -> Bool) -> @Sendable () -> Void {
        final class Flag: @unchecked Sendable { var isOver = false }
        let flag = Flag()
        @Sendable func plan() {
            world.after(500_000, .watch, owner: number) {
                guard !flag.isOver, look() else { return }
                plan()
            }
        }
        plan()
        return { flag.isOver = true }
    }

    func stop() {
        isStopping = true
        trigger?.triggerGracefulShutdown()
    }

    var isOver: Bool { if case .running = end { false } else { true } }

    /// From now on nothing of it reaches the world.
    func die() {
        isDead = true
        for channel in loop.channels {
            channel.link?.closedByClient()
            channel.link = nil
        }
    }

    /// Lets what is left of it come to its end, so that nothing of it stays in memory.
    ///
    /// - Returns: whether it did.
    func unwind() -> Bool {
        task?.cancel()
        listener?.cancel()
        world.unwind(owner: number, limit: 120_000_000) { isOver }
        if !isOver { return false }
        // What resumes after that.
        world.unwind(owner: number, limit: 1_000_000) { false }
        loop.close()
        world.unwind(owner: number, limit: 1_000_000) { false }
        world.forget(owner: number)
        task = nil
        listener = nil
        return true
    }
}
