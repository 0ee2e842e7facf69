/// Topics that are paused by hand, or probed for an outage.
extension ConsumerCore {
    // MARK: Paused

    /// Takes over what the file says is paused. What others changed is committed already, and holds however the transaction ends that has
    /// read it; what this process changes may be in that very transaction, and where that fails the next one says so.
    ///
    /// Before the consumer starts, or on the writer's thread: of two changes the later one is what stays.
    func adopt(_ pauses: [TopicPause]) {
        let paused = PausedTopics(pauses)
        let isNew = state.withLock { state in
            guard pauses != state.pauses else { return false }
            for old in state.pauses where !pauses.contains(where: { $0.topic == old.topic }) {
                state.topicNews.append(.topicResumed(old.topic))
            }
            state.topicNews += pauses.filter { !state.pauses.contains($0) }.map { .topicPaused($0) }
            state.pauses = pauses
            state.dispatcher.setPaused(paused)
            return true
        }
        guard isNew else { return }
        _ = intake.withLock { paused.isIntakeAll ? $0.hold(.operator) : $0.release(.operator) }
        for connection in state.withLock({ Array($0.connections.values) }) { connection.review() }
    }

    /// Looks at the file for what this process has changed in it beside the commits. Returns when that is done.
    func lookAgain() async {
        askToLookAgain()
        await wait { !$0.mustLookAgain }
    }

    /// The next commit looks.
    func askToLookAgain() {
        let mustCommit = state.withLock { state in
            state.mustLookAgain = true
            return requestCommit(&state, now: time(&state))
        }
        if mustCommit { submitCommit() }
    }

    /// Queues that are not to be popped, where others are.
    func restingTopics() -> Set<String> { state.withLock { $0.dispatcher.paused.intake } }

    // MARK: Probed

    /// An outcome as it counts, once the handler's own writes are made. On the writer's thread, or the handler's.
    func weigh(_ outcome: HandlerOutcome) -> HandlerOutcome {
        state.withLock { state in weighed(outcome, &state, now: time(&state)) }
    }

    func weighed(_ outcome: HandlerOutcome, _ state: inout State, now: Int64) -> HandlerOutcome {
        var generator = Chance()
        let (weighed, change) = state.dispatcher.weigh(outcome, now: now, using: &generator)
        switch change {
        case nil: return weighed
        case .began(let topic): state.topicNews.append(.topicProbed(topic))
        case .ended(let topic): state.topicNews.append(.topicRecovered(topic))
        }
        state.accountIsStale = true
        return weighed
    }

    // MARK: Telling of it

    func announceTopics() {
        let (news, paused, probed) = state.withLock { state in
            defer { state.topicNews = [] }
            return (state.topicNews, state.pauses.count, state.dispatcher.outages.topics.count)
        }
        // Whoever came first has told of it.
        guard !news.isEmpty else { return }
        metrics.observe(pausedTopics: paused, probedTopics: probed)
        for event in news { onEvent(event) }
    }
}
