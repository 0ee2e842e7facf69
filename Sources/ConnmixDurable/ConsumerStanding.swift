/// How a consumer stands at one moment, asked of it and not put together from its events: of those a slow reader loses some.
package struct ConsumerStanding: Sendable, Equatable {
    /// The file is its own, and nothing has ended it.
    package var isRunning = false
    package var hasEnded = false
    /// Why nothing is taken.
    package var paused: String?
    /// Why a commit does not come back, while one does not.
    package var standstill: String?
    /// How many nodes are known.
    package var listed = 0
    /// How many of them are being consumed.
    package var consuming = 0
    /// Why the center names no nodes.
    package var centerTrouble: String?
    /// More entries are open than `backlogLimit`.
    package var isBacklogged = false
    /// Why handlers cannot run.
    package var handlerTrouble: String?

    /// Why it is not ready; `nil` where messages are taken and can be handled.
    package var obstacle: String? {
        if hasEnded { return "the consumer has ended" }
        if let paused { return "nothing is taken: \(paused)" }
        if let handlerTrouble { return "handlers cannot run: \(handlerTrouble)" }
        return consuming == 0 ? "no node is being consumed\(centerTrouble.map { ": \($0)" } ?? "")" : nil
    }

    package init(
        isRunning: Bool = false, hasEnded: Bool = false, paused: String? = nil, standstill: String? = nil, listed: Int = 0,
        consuming: Int = 0,
        centerTrouble: String? = nil, isBacklogged: Bool = false, handlerTrouble: String? = nil
    ) {
        self.isRunning = isRunning
        self.listed = listed
        self.centerTrouble = centerTrouble
        self.isBacklogged = isBacklogged
        self.handlerTrouble = handlerTrouble
        self.hasEnded = hasEnded
        self.paused = paused
        self.standstill = standstill
        self.consuming = consuming
    }
}

extension ConsumerCore {
    /// Why nothing is popped, where an operator wants it so.
    func byHand(_ pauses: [TopicPause]) -> String? {
        pauses.first { $0.topic == nil && $0.holdsIntake }.map { "paused by hand\($0.reason.map { ": \($0)" } ?? "")" }
    }

    var standing: ConsumerStanding {
        state.withLock { state in
            ConsumerStanding(
                isRunning: true,
                paused: state.fileLoss?.words(database) ?? state.trouble?.message ?? state.gauge.reason ?? byHand(state.pauses),
                standstill: state.schedule.standstill?.message, listed: state.nodes.count,
                consuming: state.nodes.values.count { $0 == .consuming },
                centerTrouble: state.centerTrouble?.reason, isBacklogged: state.gauge.isBacklogged,
                handlerTrouble: handlers?.trouble?.reason)
        }
    }
}
