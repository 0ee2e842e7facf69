import ConnmixDurable

/// Whether the consumer takes messages, told by its events.
struct Readiness {
    private var consuming: Set<NodeIdentity> = []
    private var paused: String?
    private(set) var isRunning = true

    mutating func happened(_ event: ConsumerEvent) {
        switch event {
        case .nodeConsuming(let node): consuming.insert(node)
        case .nodeNotConsuming(let node, _), .nodeDisconnected(let node, _, _), .nodeUnreachable(let node, _),
            .nodeRemoved(let node), .nodeReplaced(let node, _):
            consuming.remove(node)
        case .paused(let reason), .fileLost(let reason): paused = reason
        case .resumed: paused = nil
        default: break
        }
    }

    /// The consumer ended, in whatever way.
    mutating func ended() {
        isRunning = false
    }

    /// Why it is not ready; `nil` where it is.
    var obstacle: String? {
        if !isRunning { return "the consumer has ended" }
        if let paused { return "nothing is taken: \(paused)" }
        return consuming.isEmpty ? "no node is being consumed" : nil
    }
}
