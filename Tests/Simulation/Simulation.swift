internal import CSimulatedMachine
internal import ConnmixDurable
internal import Glibc

/// One run: a seed, and what follows from it.
public final class Simulation: @unchecked Sendable {
    public struct Options: Sendable {
        public var seed: UInt64
        /// How long faults happen, in simulated seconds; then everything is healed, and all must end.
        public var seconds = 3_600
        /// Faults by number that do not happen.
        public var without: Set<Int> = []
        /// Everything goes wrong all the time, as in the roughest of runs.
        public var isRough = false
        public var trace: (@Sendable (String) -> Void)?
        /// The disk does not sync, and says that it did: one of the breakages that must be found.
        public var diskLies = false

        public init(seed: UInt64) {
            self.seed = seed
        }
    }

    let options: Options
    let world: World
    let network: Network
    let engineRecord = EngineRecord()
    let handlerRecord = HandlerRecord()
    let engine: Engine
    let disk: Disk
    let checker: Checker
    let faults: [Fault]
    let folder: String
    let database: String
    var process: ConsumerProcess?
    var lives = 0
    /// Runs of the file by the process that began them.
    var runs: [Int: Int64] = [:]
    /// Whether what the process said of itself is torn.
    var deadReaders: [(process: Int, isTorn: Bool)] = []
    var lockFile: [UInt8]?
    /// Nothing goes wrong any more.
    var isHealed = false
    /// It was so when the process started.
    var startedHealed = false
    var isSettling = false
    var isFinished = false
    var powerLosses: Int { engineRecord.sights[.powerLoss] ?? 0 }
    var unended = 0
    var dice: Dice
    var users: Dice
    let start: World.Time
    var burst = 0
    let poisonEvery: Int
    var pausedTopics = false
    let concurrency: Int
    let mix: Mix
    static let topics = ["alpha", "beta"]
    static let maxAttempts = 4
    private nonisolated(unsafe) static var folders = 0

    private init(_ options: Options) {
        self.options = options
        simulated_hashing()
        simulated_machine_enter(options.seed)
        world = World(seed: options.seed)
        world.trace = options.trace
        start = world.now
        network = Network(world: world)
        mix = Mix(seed: options.seed, isRough: options.isRough)
        dice = Dice(seed: options.seed, for: "simulation")
        users = Dice(seed: options.seed, for: "users")
        poisonEvery = [0, 0, 150, 400][dice.below(4)]
        concurrency = [1, 2, 8, 64][dice.below(4)]
        engine = Engine(
            world: world, network: network, record: engineRecord, seed: options.seed, nodes: 1 + dice.below(3),
            centers: 1 + dice.below(2))
        disk = Disk(world: world, record: engineRecord, seed: options.seed)
        Self.folders += 1
        folder = "/dev/shm/connmix-simulation-\(1_000_000 + Self.realProcess % 1_000_000)-\(100_000 + Self.folders)"
        mkdir(folder, 0o700)
        database = folder + "/s.sqlite3"
        checker = Checker(world: world, engine: engineRecord, handlers: handlerRecord, disk: disk, path: database)
        checker.maxAttempts = Self.maxAttempts
        faults = Fault.list(seed: options.seed, pause: mix.faultPause, length: Int64(options.seconds) * 1_000_000)
        network.onRead = { [unowned self] serials, owner in
            guard let process, process.number == owner, !process.isDead else { return }
            checker.read(serials, by: owner)
        }
        disk.begin(folder: folder)
        simulated_disk_lies(options.diskLies ? 1 : 0)
        disk.onDeath = { [unowned self] in die(power: false) }
        disk.mayWait = { [unowned self] in process.map { $0.thread.isInTurn && !$0.isDead } ?? false }
        disk.holds = { [unowned self] event in
            event.kind == .operatorVerb || event.kind == .writer && event.owner == process?.number
        }
        checker.isNodeUp = { [unowned self] id in engine.nodes.contains { $0.id == id && $0.isUp } }
        checker.mayBeAway = { [unowned self] id in
            engine.nodes.first { $0.id == id && $0.isUp }?.reach.mayBeAway(at: world.now) ?? true
        }
        checker.onViolation = { [unowned self] _ in world.mustEnd = true }
    }

    /// The number of the process that simulates.
    private static let realProcess: Int = {
        var text = [CChar](repeating: 0, count: 32)
        let count = readlink("/proc/self", &text, 31)
        return Int(String(decoding: text.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)) ?? 0
    }()

    /// Runs it on a thread of its own, which is the simulated machine.
    public static func run(_ options: Options) -> Report {
        MachineThread.run {
            let simulation = Simulation(options)
            return simulation.run()
        }
    }

    private func run() -> Report {
        let began = simulated_clock_processor()
        plan()
        startProcess()
        world.run(until: start + Int64(options.seconds) * 1_000_000)
        if !world.mustEnd { settle() }
        let report = Report(
            seed: options.seed, digest: world.digest.value, events: world.events, simulatedMicroseconds: world.now - start,
            processorNanoseconds: simulated_clock_processor() - began, violations: checker.violations + engineRecord.faults,
            faults: faults.filter { !options.without.contains($0.number) }, checks: checker.counts,
            sights: Dictionary(uniqueKeysWithValues: engineRecord.sights.map { ($0.key.rawValue, $0.value) }),
            messages: engineRecord.messages.count, handled: handlerRecord.calls.count, commands: checker.commands.count,
            operations: disk.operations, lives: lives, unended: unended)
        close()
        return report
    }

    private func close() {
        checker.close()
        if process != nil { bury(power: false) }
        checker.close()
        disk.end()
        for name in ["", "-wal", "-shm", "-journal", ".lock"] { unlink(database + name) }
        rmdir(folder)
        simulated_machine_leave()
    }
}
