internal import Synchronization

/// How a consumer stands at one moment, asked of it and not put together from its events: of those a slow reader loses some.
package struct ConsumerStanding: Sendable, Equatable {
    package var hasEnded = false
    /// Why nothing is taken.
    package var paused: String?
    /// How many nodes are being consumed.
    package var consuming = 0
    /// Why handlers cannot run.
    package var handlerTrouble: String?

    package init(hasEnded: Bool = false, paused: String? = nil, consuming: Int = 0, handlerTrouble: String? = nil) {
        self.hasEnded = hasEnded
        self.paused = paused
        self.consuming = consuming
        self.handlerTrouble = handlerTrouble
    }
}

extension ConsumerCore {
    var standing: ConsumerStanding {
        state.withLock { state in
            ConsumerStanding(
                paused: state.fileLoss?.words(database) ?? state.trouble?.message ?? state.gauge.reason,
                consuming: state.nodes.values.count { $0 == .consuming }, handlerTrouble: handlers?.trouble?.reason)
        }
    }
}
