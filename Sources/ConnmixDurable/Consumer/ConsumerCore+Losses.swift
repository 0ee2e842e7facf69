internal import NIOCore
internal import Synchronization

/// What the loss ledger hears, and when its rows are written.
extension ConsumerCore {
    func noteArrival(_ messages: [ReceivedMessage], from connection: NodeConnection) {
        let bytes = messages.reduce(0) { $0 + $1.data.readableBytes }
        losses.withLock { $0.received(connection.number, frames: messages.count, bytes: bytes) }
    }

    func noteLoss(of event: ConsumerEvent) {
        let now = Clock.now()
        switch event {
        case .nodeAdded(let identity):
            losses.withLock { $0.listed(.init(identity), .justListed, now: now) }
        case .nodeReplaced(_, let new):
            losses.withLock { $0.listed(.init(new), .restarted, now: now) }
        case .nodeUnreachable(let identity, let reason):
            losses.withLock { $0.unreachable(.init(identity), reason) }
        case .nodeConsuming(let identity):
            losses.withLock { $0.consuming(.init(identity), now: now) }
        case .nodeNotConsuming(let identity, let reason):
            let gap: GapReason =
                switch reason {
                case .paused: .paused(pauseReason)
                case .refused: .refused("\(reason)")
                }
            losses.withLock { $0.notConsuming(.init(identity), gap, now: now) }
        default:
            break
        }
    }

    private var pauseReason: String? { state.withLock { $0.trouble?.error.message ?? $0.gauge.reason } }

    func noteCommit(_ effects: DrainOperation.Effects) {
        guard !effects.origins.parts.isEmpty || !effects.losses.isEmpty else { return }
        losses.withLock { losses in
            losses.journaled(effects.origins)
            if !effects.losses.isEmpty { losses.written(effects.losses) }
        }
    }

    /// Writes what is due. Whatever becomes of the transaction, the ledger is told: `committed` or `withdraw`.
    func recordLosses(_ transaction: Transaction, _ effects: inout DrainOperation.Effects) throws {
        effects.losses = losses.withLock { $0.takeRows(now: transaction.now) }
        guard !effects.losses.isEmpty else { return }
        try LossTable.write(transaction, effects.losses, run: run)
        guard effects.losses.mayPrune else { return }
        let age = state.withLock { Clock.steady() >= $0.pruneAt ? $0.pruner.retention.age : nil }
        try LossTable.prune(transaction, before: age.map { transaction.now - $0.microseconds })
    }

    /// Writes the end of the run, where everything that was in memory is in the file.
    func recordEnd(_ transaction: Transaction) throws {
        let rows = losses.withLock { losses in
            losses.ended(now: transaction.now)
            return losses.takeRows(now: transaction.now)
        }
        try LossTable.write(transaction, rows, run: run)
        let (atRisk, highWater) = intake.withLock { ($0.atRisk, $0.highWater) }
        let nodes = state.withLock { $0.nodes }
        try RunTable.account(
            transaction, run: run, atRisk: atRisk, highWater: highWater, nodes: nodes, paused: nil,
            waiting: [])
        try RunTable.end(transaction, run: run)
    }
}

extension LossRows.Node {
    init(_ identity: NodeIdentity) {
        self.init(id: identity.id, address: identity.address.description)
    }
}
