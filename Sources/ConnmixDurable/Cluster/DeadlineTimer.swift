internal import NIOCore

/// One timer for a deadline that moves. Confined to its loop.
///
/// It is moved only when an earlier time is needed, so it fires at most once a deadline, and may fire before the latest one: whoever is
/// called looks at the clock.
final class DeadlineTimer {
    private let loop: NIOIsolatedEventLoop
    private var pending: (fires: ContinuousClock.Instant, task: Scheduled<Void>)?

    init(_ loop: any EventLoop) {
        self.loop = loop.assumeIsolated()
    }

    func fire(by deadline: ContinuousClock.Instant, _ body: @escaping () -> Void) {
        if let pending, pending.fires <= deadline { return }
        pending?.task.cancel()
        let delay = max(.zero, deadline - .now)
        let task = loop.scheduleTask(in: .microseconds(delay.microseconds + 1_000)) {
            self.pending = nil
            body()
        }
        pending = (deadline, task)
    }

    func cancel() {
        pending?.task.cancel()
        pending = nil
    }
}
