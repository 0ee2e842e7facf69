internal import CSimulatedMachine
internal import ConnmixDurable
internal import Glibc

/// The consumer's lives and deaths.
extension Simulation {
    func startProcess() {
        precondition(process == nil, "one consumer at a time")
        lives += 1
        startedHealed = isHealed
        disk.isGone = false
        simulated_writes_allowed(1)
        world.note("process \(lives) starts")
        let process = ConsumerProcess(
            number: lives, world: world, network: network,
            onEvent: { [unowned self] in happened($0) }, onEnd: { [unowned self] in ended($0) })
        self.process = process
        process.thread.onTurn = { [unowned self, unowned process] in
            guard !process.isDead else { return }
            checker.scan()
        }
        process.onBegun = { [unowned self, unowned process] in if !process.isDead { began(process) } }
        process.start(configuration(), handlers())
    }

    private func configuration() -> ConsumerConfiguration {
        var configuration = ConsumerConfiguration(
            database: database, centers: engine.centers.map { "\($0.address)" }, topics: Self.topics)
        configuration.concurrency = concurrency
        configuration.retry = RetryPolicy(maxAttempts: Self.maxAttempts, base: .milliseconds(100), cap: .seconds(5))
        configuration.atRiskLimit = 64 << (options.seed % 4 * 2)
        configuration.windowCapacity = 64 << (options.seed / 4 % 3 * 3)
        configuration.commitDelay = options.seed % 3 == 0 ? .milliseconds(2) : .zero
        configuration.directoryRefresh = .seconds([10, 30, 60][Int(options.seed / 3 % 3)])
        checker.atRiskLimit = configuration.atRiskLimit
        return configuration
    }

    private func happened(_ event: ConsumerEvent) {
        world.note("consumer: \(event)")
        if case .paused = event { engineRecord.saw(.consumerPause) }
    }

    /// The run's first transaction is committed: what the one before had at risk is written down.
    private func began(_ process: ConsumerProcess) {
        checker.look { view in
            let run = try view.int("SELECT max(id) FROM run") ?? 0
            runs[process.number] = run
        }
        for (number, isTorn) in deadReaders {
            let lost = checker.lost(of: number)
            engineRecord.saw(.lostMessage, lost.count)
            for serial in lost { engineRecord.accountedFor(serial) }
            guard let run = runs[number] else {
                checker.hold("P11", lost.isEmpty, "process \(number) had no run, and lost \(lost)")
                continue
            }
            let bound = checker.look { try $0.int("SELECT at_risk_high FROM run WHERE id = ?1", [run]) } ?? nil
            // Where a power cut has torn what it said of itself, its limit is all that can be said, and one read may pass that.
            let limit = isTorn ? max(bound ?? 0, Int64(checker.atRiskLimit)) + Int64(checker.largestRead) : bound ?? 0
            checker.hold(
                "P11", lost.count <= limit, "process \(number) lost \(lost.count) messages, and its run says at most \(limit)")
        }
        deadReaders = []
    }

    private func ended(_ process: ConsumerProcess) {
        guard process === self.process else { return }
        switch process.end {
        case .running: return
        case .inOrder:
            checker.hold("P8", process.isStopping, "the consumer ended, and nobody had asked it to")
            engineRecord.saw(.gracefulStop)
            world.note("process \(process.number) ended in order")
        case .failed(let error):
            world.note("process \(process.number) failed: \(error)")
            engineRecord.saw(.failedStart)
            // One that cannot open its file says so and ends, and whoever started it starts it again. One that runs waits.
            let isFit = process.isStopping || !process.hasBegun && !startedHealed
            checker.hold("P8", isFit, "the consumer gave up while it ran: \(error)")
        }
        world.urgent = { [unowned self] in
            checker.scan()
            let isOrderly = if case .inOrder = process.end { true } else { false }
            if isOrderly {
                let lost = checker.lost(of: process.number)
                checker.hold("P11", lost.isEmpty, "a consumer that stopped in order lost \(lost)")
            } else {
                deadReaders.append((process.number, false))
            }
            bury(power: false)
            if !isFinished { restart(after: dice.time(50_000...3_000_000)) }
        }
    }

    func restart(after time: World.Time) {
        world.after(time, .fault) { [unowned self] in
            if process == nil, !isFinished { startProcess() }
        }
    }

    /// The process dies in this very moment, or the machine does.
    func die(power: Bool, byHandler: Bool = false) {
        guard let process, !process.isDead, !process.isOver else { return }
        world.note("process \(process.number) dies\(power ? ": power is lost" : byHandler ? " in a handler" : "")")
        engineRecord.saw(power ? .powerLoss : byHandler ? .killByHandler : .kill)
        process.die()
        disk.isGone = true
        disk.diesAfter = nil
        simulated_writes_allowed(0)
        lockFile = Self.read(database + ".lock")
        world.urgent = { [unowned self] in
            deadReaders.append((process.number, false))
            bury(power: power)
            if !isFinished {
                restart(after: dice.happens(oneIn: 4) ? dice.time(1_000_000...40_000_000) : dice.time(20_000...2_000_000))
            }
        }
    }

    /// What is left of a process that is over.
    func bury(power: Bool) {
        guard let process else { return }
        checker.close()
        let wasDead = process.isDead
        let isOrderly = if case .inOrder = process.end { !wasDead } else { false }
        handlerRecord.processDied(isOrderly ? nil : process.number)
        checker.processDied()
        let (steady, wall) = (simulated_clock_steady(), simulated_clock_wall())
        if !process.isOver, !wasDead {
            process.die()
            disk.isGone = true
        }
        if !process.unwind() {
            unended += 1
            world.forget(owner: process.number)
        }
        simulated_clock_advance(steady - simulated_clock_steady())
        simulated_clock_set_wall(wall - simulated_clock_wall())
        self.process = nil
        disk.isGone = false
        simulated_writes_allowed(1)
        if wasDead, restoreLockFile(power: power) {
            for index in deadReaders.indices where deadReaders[index].process == process.number {
                deadReaders[index].isTorn = true
            }
        }
        guard power else { return }
        let mode = Int32([0, 1, 2, 2][dice.below(4)])
        let loss = simulated_disk_power_loss(dice.next(), mode)
        engineRecord.saw(.tornWrite, Int(loss.torn))
        engineRecord.saw(.droppedWrite, Int(loss.dropped))
        engineRecord.saw(.keptWrite, Int(loss.kept))
    }

    /// The file beside the database is as the dead process left it: mapped memory survives it. A loss of power leaves of each page what was
    /// there, or what was there at the start.
    ///
    /// - Returns: whether something of it is lost.
    private func restoreLockFile(power: Bool) -> Bool {
        guard var bytes = lockFile else { return true }
        var isTorn = false
        if power {
            for page in stride(from: 0, to: bytes.count, by: 4_096) where dice.happens(oneIn: 3) {
                isTorn = true
                for index in page..<min(page + 4_096, bytes.count) { bytes[index] = 0 }
            }
        }
        let file = open(database + ".lock", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return true }
        defer { Glibc.close(file) }
        ftruncate(file, off_t(bytes.count))
        pwrite(file, bytes, bytes.count, 0)
        return isTorn
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { Glibc.close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
        let count = pread(file, &bytes, bytes.count, 0)
        return count < 0 ? nil : Array(bytes[..<count])
    }
}
