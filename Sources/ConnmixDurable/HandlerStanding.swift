/// What is known of handlers that run elsewhere, as processes: whoever starts them says so here, and the consumer shows it.
package final class HandlerStanding: Sendable {
    /// How handlers were asked for.
    package let name: String
    private let state = Locked<StatusReport.HandlerTrouble?>(nil)

    package init(_ name: String) {
        self.name = name
    }

    /// No handler can run: every message waits. `reason` is the newest one.
    package func cannotRun(_ reason: String) {
        state.withLock { $0 = StatusReport.HandlerTrouble(reason: reason, since: $0?.since ?? Clock.now()) }
    }

    /// Handlers run.
    package func canRun() {
        state.withLock { $0 = nil }
    }

    /// Why none can run, `nil` while they can.
    package var trouble: StatusReport.HandlerTrouble? { state.withLock { $0 } }
}
