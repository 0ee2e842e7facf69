internal import Logging
internal import ServiceLifecycle

/// Runs workers and cluster until something ends them, then ends them in order, and writes down what is left in memory.
struct Supervision {
    private enum End {
        case graceful
        case cancelled
        case failed(any Error)
        case worker
    }

    let core: ConsumerCore
    let cluster: Cluster
    let attempt: Attempt
    let configuration: ConsumerConfiguration
    let logger: Logger

    /// - Returns: the failure that made the consumer stop, if one did; and whether everything that was in memory is in the file.
    func run() async -> (failure: (any Error)?, isFlushed: Bool) {
        await withTaskGroup(of: End.self) { group in
            for number in 0..<configuration.concurrency {
                let worker = Worker(core: core, number: number, attempt: attempt)
                group.addTask {
                    await worker.run()
                    return .worker
                }
            }
            group.addTask {
                do {
                    try await gracefulShutdown()
                    return .graceful
                } catch {
                    return .cancelled
                }
            }
            group.addTask { [core] in await core.failure().map { .failed($0) } ?? .cancelled }
            core.start()
            cluster.start()
            let end = await group.next() ?? .cancelled
            var failure: (any Error)?
            let isFlushed: Bool
            switch end {
            // A handler that gives up because of it may be heard of first.
            case .graceful,
                .worker where Task.isShuttingDownGracefully:
                isFlushed = await stopGracefully(cancelHandlers: { group.cancelAll() })
            case .cancelled, .worker:
                isFlushed = await stopNow(cancelHandlers: { group.cancelAll() })
            case .failed(let error):
                failure = error
                isFlushed = await stopNow(cancelHandlers: { group.cancelAll() })
            }
            await core.end()
            group.cancelAll()
            if core.hands.hasAny {
                logger.error(
                    "handlers go on though they are cancelled, and keep the file from being given free; they have to return",
                    metadata: inHand())
            }
            await group.waitForAll()
            return (failure, isFlushed)
        }
    }

    private func tellInterrupted() {
        guard core.hands.hasAny else { return }
        logger.warning(
            "the time for handlers is over: they are interrupted, and the next run handles what they had in hand",
            metadata: inHand())
    }

    /// What handlers have in hand: how many, and the first ten.
    private func inHand() -> Logger.Metadata {
        let held = core.hands.held()
        return .facts([(.entries, "\(held.count)"), (.entry, held.prefix(10).map { "\($0.entry)" }.joined(separator: ", "))])
    }

    /// Unpop, finish what is in hand, empty the outbox, leave, write down what is left.
    private func stopGracefully(cancelHandlers: () -> Void) async -> Bool {
        logger.info("stopping")
        core.stopTaking()
        await core.unpopped(within: .seconds(2))
        core.stopHandling()
        if await !core.handlersEnded(within: configuration.shutdownGrace) {
            tellInterrupted()
            cancelHandlers()
            _ = await core.handlersEnded(within: .seconds(2))
        }
        if await !core.outboxDrained(within: configuration.drain) {
            logger.notice("the outbox is not empty; the rest is sent after the next start")
        }
        await cluster.leave(within: .seconds(10))
        return await flush(within: configuration.shutdownGrace)
    }

    private func stopNow(cancelHandlers: () -> Void) async -> Bool {
        core.stopTaking()
        core.stopHandling()
        tellInterrupted()
        cancelHandlers()
        // Not a long goodbye, but what is already in the sockets exists nowhere else.
        await cluster.leave(within: .seconds(1))
        await core.handlersReturned(within: .seconds(1))
        return await flush(within: .seconds(5))
    }

    /// Writes what is in memory, again and again where the disk does not take it.
    private func flush(within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while true {
            // However little time is given, a disk that is only slow is awaited.
            if await core.flush(within: max(.seconds(2), deadline - .now)) { return true }
            guard ContinuousClock.now < deadline, core.fileLoss?.remedy != .nothing else { return false }
            await core.pause(.milliseconds(100))
        }
    }
}
