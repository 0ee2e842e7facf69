internal import CSimulatedMachine
internal import ConnmixDurable

/// Runs the tasks of a simulated process, one job at a time, in an order that the dice choose.
final class SimulatedExecutor: TaskExecutor, @unchecked Sendable {
    let world: World
    let owner: Int

    init(world: World, owner: Int) {
        self.world = world
        self.owner = owner
    }

    func enqueue(_ job: consuming ExecutorJob) { take(UnownedJob(job)) }

    /// The living process's: for tasks that name no executor.
    nonisolated(unsafe) private static var current: SimulatedExecutor?

    func takeStrays() {
        Self.current = self
        simulated_tasks_go_to { job in
            guard let job, let executor = SimulatedExecutor.current else { preconditionFailure("a task of no process") }
            executor.take(unsafeBitCast(job, to: UnownedJob.self))
        }
    }

    private func take(_ job: UnownedJob) {
        world.after(world.dice.time(1...60), .task, owner: owner) { [self] in
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

/// Runs the writer's loop turn by turn.
final class SimulatedWriterThread: WriterThread, @unchecked Sendable {
    let world: World
    let owner: Int
    private var turns: WriterTurns?
    private var onEnd: (@Sendable () -> Void)?
    private var rest = WriterRest.none
    private var isTurnDue = false
    private var pause: World.Event?
    private var isBusy = false
    /// The thread is within a turn: while it waits for its disk others go on.
    private(set) var isInTurn = false
    /// Told after each turn.
    var onTurn: () -> Void = {}

    init(world: World, owner: Int) {
        self.world = world
        self.owner = owner
    }

    func start(_ open: @escaping @Sendable () -> WriterTurns?, onEnd: @escaping @Sendable () -> Void) throws {
        isBusy = true
        turns = open()
        isBusy = false
        guard turns != nil else { return onEnd() }
        self.onEnd = onEnd
        plan()
    }

    func wake() {
        pause?.cancel()
        if case .briefly = rest { turns?.rested(isQuiet: false) }
        rest = .none
        plan()
    }

    private func plan() {
        guard !isTurnDue, turns != nil else { return }
        isTurnDue = true
        world.after(world.dice.time(5...200), .writer, owner: owner) { self.turn() }
    }

    private func turn() {
        isTurnDue = false
        guard let turns, !isBusy else { return }
        isBusy = true
        isInTurn = true
        let next = turns.next()
        isInTurn = false
        isBusy = false
        onTurn()
        // Woken meanwhile: that ends the rest before it begins.
        let wasWoken = isTurnDue
        switch next {
        case .none:
            plan()
        case .untilWoken:
            rest = next
        case .briefly:
            guard !wasWoken else { return turns.rested(isQuiet: false) }
            rest = next
            pause = world.after(20_000, .writer, owner: owner) { [self] in
                self.turns?.rested(isQuiet: true)
                rest = .none
                plan()
            }
        case .ended:
            self.turns = nil
            onEnd?()
            onEnd = nil
        }
    }
}
