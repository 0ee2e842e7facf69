internal import NIOCore

/// What the loss ledger hears, and what it has to write.
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
        case .nodeRemoved, .nodeConnected, .nodeDisconnected, .nodeByHTTP, .centerTrouble, .unknownFrame, .unreadableMessage,
            .repeated, .notAcknowledged, .handlerFailed, .commandDead, .commandExpired, .commandUnknown, .paused, .resumed,
            .topicPaused, .topicResumed, .topicProbed, .topicRecovered, .handlersHeld, .clockJumped, .logGrown, .logShrunk,
            .pruneFailed,
            .fileLost:
            break
        }
    }

    /// A pause has begun, or a node was connected while there is one: it is what keeps the node from being consumed.
    func notePause(of nodes: [NodeIdentity]) {
        guard !nodes.isEmpty, let reason = pauseReason else { return }
        let now = Clock.now()
        losses.withLock { losses in
            for node in nodes { losses.notConsuming(.init(node), .paused(reason), now: now) }
        }
    }

    private var pauseReason: String? { state.withLock { $0.trouble?.message ?? $0.gauge.reason ?? byHand($0.pauses) } }

    // MARK: On the writer's thread

    /// Rows that are due. Whatever becomes of them, the ledger is told: `noteCommit` or `withdraw`.
    func dueLosses(now: Int64) -> LossRows.Batch {
        losses.withLock { $0.takeRows(now: now) }
    }

    func noteCommit(_ effects: CommitEffects) {
        guard !effects.origins.parts.isEmpty || !effects.losses.isEmpty else { return }
        losses.withLock { losses in
            losses.journaled(effects.origins)
            if !effects.losses.isEmpty { losses.written(effects.losses) }
        }
    }

    /// How old rows may become; `nil` where none are to be deleted for their age now.
    ///
    /// - Parameter now: by the steady clock.
    func dueRetention(now: Int64) -> Duration? {
        state.withLock { now >= $0.pruneAt ? $0.pruner.retention.age : nil }
    }

    /// The run has ended: all that is not written yet.
    func lastLosses(now: Int64) -> LossRows.Batch {
        losses.withLock { losses in
            losses.ended(now: now)
            return losses.takeRows(now: now)
        }
    }
}

extension LossRows.Node {
    init(_ identity: NodeIdentity) {
        self.init(id: identity.id, address: identity.address.description)
    }
}
