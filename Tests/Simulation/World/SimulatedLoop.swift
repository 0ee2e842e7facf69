internal import ConnmixDurable
internal import Dispatch
internal import NIOCore

/// The event loop of a simulated process: its timers are events of the world.
final class SimulatedLoop: NetworkLoop, @unchecked Sendable {
    let world: World
    let network: Network
    let owner: Int
    private var depth = 0
    private var open: [UInt64: (event: World.Event, fail: (any Error) -> Void)] = [:]
    private var lastTask: UInt64 = 0
    private var isClosed = false
    var channels: [SimulatedChannel] = []

    init(world: World, network: Network, owner: Int) {
        self.world = world
        self.network = network
        self.owner = owner
    }

    var inEventLoop: Bool { depth > 0 }
    var now: NIODeadline { .uptimeNanoseconds(UInt64(world.now) * 1_000) }

    /// Runs it as the loop's thread.
    func enter(_ body: () -> Void) {
        depth += 1
        body()
        depth -= 1
    }

    func execute(_ task: @escaping @Sendable () -> Void) {
        world.after(1, .loop, owner: owner) { self.enter(task) }
    }

    @discardableResult
    func scheduleTask<T>(deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        schedule(at: deadline, task)
    }

    @discardableResult
    func scheduleTask<T>(in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        schedule(at: now + delay, task)
    }

    private func schedule<T>(at deadline: NIODeadline, _ task: @escaping () throws -> T) -> Scheduled<T> {
        let promise = makePromise(of: T.self)
        guard !isClosed else {
            promise.fail(EventLoopError.cancelled)
            return Scheduled(promise: promise, cancellationTask: {})
        }
        lastTask += 1
        let number = lastTask
        let delay = Int64(clamping: (deadline - now).nanoseconds) / 1_000
        let event = world.after(delay, .loop, owner: owner) { [self] in
            open[number] = nil
            enter {
                do {
                    promise.assumeIsolatedUnsafeUnchecked().succeed(try task())
                } catch {
                    promise.fail(error)
                }
            }
        }
        open[number] = (event, { promise.fail($0) })
        return Scheduled(promise: promise, cancellationTask: { [self] in open.removeValue(forKey: number)?.event.cancel() })
    }

    func _executeIsolatedUnsafeUnchecked(_ task: @escaping () -> Void) {
        world.after(1, .loop, owner: owner) { self.enter(task) }
    }

    func _submitIsolatedUnsafeUnchecked<T>(_ task: @escaping () throws -> T) -> EventLoopFuture<T> {
        schedule(at: now, task).futureResult
    }

    @discardableResult
    func _scheduleTaskIsolatedUnsafeUnchecked<T>(deadline: NIODeadline, _ task: @escaping () throws -> T) -> Scheduled<T> {
        schedule(at: deadline, task)
    }

    @discardableResult
    func _scheduleTaskIsolatedUnsafeUnchecked<T>(in delay: TimeAmount, _ task: @escaping () throws -> T) -> Scheduled<T> {
        schedule(at: now + delay, task)
    }

    /// Nothing happens any more.
    func close() {
        isClosed = true
        for channel in channels { enter { channel.drop() } }
        channels = []
        let left = open.sorted { $0.key < $1.key }
        open = [:]
        for (_, (event, fail)) in left {
            event.cancel()
            fail(EventLoopError.cancelled)
        }
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        close()
        callback(nil)
    }

    func preconditionNotInEventLoop(file: StaticString, line: UInt) {}
    func _preconditionSafeToWait(file: StaticString, line: UInt) {}
    func _preconditionSafeToSyncShutdown(file: StaticString, line: UInt) {}

    func connect(
        to address: NodeAddress, within limit: TimeAmount,
        _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<any Channel> {
        let channel = SimulatedChannel(loop: self)
        channels.append(channel)
        let promise = makePromise(of: (any Channel).self)
        let timer = scheduleTask(in: limit) {
            channel.drop()
            promise.fail(ChannelError.connectTimeout(limit))
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        initialize(channel).whenComplete { [self] result in
            switch result {
            case .failure(let error):
                channel.drop()
                promise.fail(error)
            case .success:
                network.connect(channel, to: address) { error in
                    if let error {
                        channel.drop()
                        return promise.fail(error)
                    }
                    // Its time may have passed.
                    guard channel.isOpen else { return }
                    channel.becomeActive()
                    promise.succeed(channel)
                }
            }
        }
        return promise.futureResult
    }
}
