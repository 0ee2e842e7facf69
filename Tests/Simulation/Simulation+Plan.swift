internal import CSimulatedMachine
internal import ConnmixDurable

/// What happens when: end users, faults, and the end, when all faults stop.
extension Simulation {
    func plan() {
        for slot in engine.nodes.indices { for _ in 0..<4 { _ = engine.join(slot: slot) } }
        world.after(users.time(10_000...500_000), .user) { [unowned self] in talk() }
        world.after(users.time(5_000_000...20_000_000), .user) { [unowned self] in comeAndGo() }
        for fault in faults where !options.without.contains(fault.number) {
            world.after(fault.time, .fault) { [unowned self] in
                world.note("fault \(fault)")
                perform(fault)
            }
        }
    }

    // MARK: End users

    private func talk() {
        guard !isHealed else { return }
        let node = engine.nodes[users.below(engine.nodes.count)]
        if !node.order.isEmpty {
            for _ in 0..<(users.happens(oneIn: 6) ? 1 + users.below(12) : 1) {
                engine.push(from: node.order[users.below(node.order.count)], topic: Self.topics[users.below(2)])
            }
        }
        if burst > 0 { burst -= 1 }
        let pause = burst > 0 ? users.time(100...8_000) : users.time(20_000...2 * mix.silence)
        world.after(pause, .user) { [unowned self] in talk() }
    }

    private func comeAndGo() {
        guard !isHealed else { return }
        let node = engine.nodes[users.below(engine.nodes.count)]
        if node.order.count > 2, users.happens(oneIn: 2) {
            engine.leave(node.order[users.below(node.order.count)])
        } else {
            _ = engine.join(slot: node.slot)
        }
        world.after(users.time(5_000_000...60_000_000), .user) { [unowned self] in comeAndGo() }
    }

    // MARK: Faults

    private func perform(_ fault: Fault) {
        var dice = Dice(seed: fault.seed)
        let node = engine.nodes[dice.below(engine.nodes.count)]
        func later(_ range: ClosedRange<Int64>, _ body: @escaping () -> Void) {
            world.after(dice.time(range), .fault) { [unowned self] in if !isHealed { body() } }
        }
        func silently(_ range: ClosedRange<Int64>, _ body: @escaping () -> Void) {
            engineRecord.silentUntil = max(engineRecord.silentUntil, world.now + range.upperBound + 15_000_000)
            later(range, body)
        }
        switch fault.kind {
        case .kill: die(power: false)
        case .killInCommit: disk.diesAfter = dice.below(60)
        case .powerLoss: die(power: true)
        case .stop: process?.stop()
        case .disk:
            engineRecord.saw(.diskEpisode)
            disk.sickness = [.full, .failing, .flaky][dice.below(3)]
            later(100_000...60_000_000) { [unowned self] in disk.sickness = .none }
        case .slowDisk:
            disk.isSlow = true
            later(1_000_000...20_000_000) { [unowned self] in disk.isSlow = false }
        case .clock:
            engineRecord.saw(.clockJump)
            let far = dice.happens(oneIn: 3) ? dice.time(0...86_400_000_000) : dice.time(0...20_000_000)
            simulated_clock_set_wall((dice.happens(oneIn: 2) ? far : -far) * 1_000)
        case .restartNode: engine.restart(slot: node.slot, downFor: dice.time(10_000...50_000_000))
        case .cut:
            engineRecord.saw(.nodeCut)
            node.cutAll()
        case .cutBefore: node.consumer?.cutsBefore = true
        case .cutAfter: node.consumer?.cutsAfter = true
        case .hang:
            engineRecord.saw(.nodeHang)
            node.isHanging = true
            node.consumer?.isMute = true
            silently(1_000_000...90_000_000) { node.heal() }
        case .stall:
            engineRecord.saw(.nodeStall)
            node.stall(true)
            silently(100_000...70_000_000) { node.stall(false) }
        case .mute:
            node.consumer?.isMute = true
            silently(1_000_000...60_000_000) { node.heal() }
        case .close:
            engineRecord.saw(.nodeClose)
            node.closeAll(code: [1_000, 1_001, 1_011, 1_012][dice.below(4)])
        case .unlist:
            engineRecord.saw(.nodeUnlisted)
            node.isListed = false
            later(1_000_000...90_000_000) { node.isListed = true }
        case .center:
            engineRecord.saw(.sickCenter)
            let index = dice.below(engine.centers.count)
            engine.centers[index].mood = [.silent, .refuses, .nonsense, .empty][dice.below(4)]
            later(1_000_000...120_000_000) { [unowned self] in engine.centers[index].mood = .well }
        case .slowNetwork:
            engineRecord.saw(.slowNetwork)
            network.isSlow = true
            later(1_000_000...20_000_000) { [unowned self] in network.isSlow = false }
        case .nonsense: node.sayNonsense()
        case .commands:
            engine.commandTrouble = 2 + dice.below(8)
            later(1_000_000...30_000_000) { [unowned self] in engine.commandTrouble = 0 }
        case .verb:
            let seed = dice.next()
            world.after(0, .operatorVerb) { [unowned self] in operate(seed: seed) }
        case .burst: burst = dice.below(6) == 0 ? 50 + dice.below(400) : 5 + dice.below(40)
        }
    }

    // MARK: The end

    /// All faults stop, and within a bounded time everything must have come to its end.
    func settle() {
        isHealed = true
        world.note("all faults stop")
        disk.sickness = .none
        disk.isSlow = false
        disk.diesAfter = nil
        engine.heal()
        resumeAll()
        let bound = world.now + 1_800_000_000
        // Twice, a second apart: what was on its way when the faults stopped has arrived by then.
        var rests = 0
        while !world.mustEnd, world.now < bound, rests < 2 {
            world.run(until: world.now + 1_000_000)
            rests = isAtRest ? rests + 1 : 0
        }
        guard !world.mustEnd else { return }
        checker.hold("P2", isAtRest, "half an hour after the last fault there is still work: \(unfinished)")
        isSettling = true
        process?.stop()
        let end = world.now + 120_000_000
        isFinished = true
        while !world.mustEnd, world.now < end, process != nil { world.run(until: world.now + 100_000) }
        guard !world.mustEnd else { return }
        checker.hold("P8", process == nil, "the consumer does not stop")
        checker.finish(engine: engine)
    }

    private var isAtRest: Bool {
        guard let process, process.hasBegun, !process.isDead, engine.nodes.allSatisfy({ $0.isUp && $0.queue.isEmpty }) else {
            return false
        }
        return checker.look { view in
            try view.int("SELECT 1 FROM journal WHERE state < 8 UNION ALL SELECT 1 FROM outbox WHERE state < 8 LIMIT 1") == nil
        } ?? false && checker.atRisk == 0
    }

    private var unfinished: String {
        let open = checker.look { view in
            (
                try view.rows("SELECT id, state, attempts, state_at FROM journal WHERE state < 8 LIMIT 5"),
                try view.rows("SELECT id, state, attempts, writes, state_at FROM outbox WHERE state < 8 LIMIT 5")
            )
        }
        let commands = (open?.1 ?? []).map { row in checker.words(row[0]) + " \(row)" }
        return
            "entries \(open?.0 ?? []), commands \(commands), queues \(engine.nodes.map(\.queue.count)), at risk \(checker.atRisk), consuming \(engine.nodes.map { $0.consumer != nil }), wall \(world.wall)"
    }
}
