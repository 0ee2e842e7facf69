internal import NIOCore

/// Topics that rest as a whole: by an operator's word, or nearly, by an outage.
extension Dispatcher {
    // MARK: Paused

    /// The key under which entries of the topic rest; `nil` where it is not paused.
    func pauseKey(of topic: String) -> OrderKey? {
        if paused.isAll { return .paused }
        return paused.topics.contains(topic) ? .paused(topic: topic) : nil
    }

    /// What the file says is paused. What is being handled is finished; everything else of such a topic waits in the file, and with it,
    /// where order is strict, what came later in the same lanes.
    mutating func setPaused(_ new: PausedTopics) {
        let old = paused
        guard new != old else { return }
        paused = new
        if new.isAll, !old.isAll {
            _ = window.rest(.paused)
            putBack(because: .paused) { _ in true }
        }
        for topic in new.topics.subtracting(old.topics) {
            _ = window.rest(.paused(topic: topic))
            putBack(topic, because: .paused(topic: topic))
        }
        for topic in old.topics.subtracting(new.topics) { window.wake(.paused(topic: topic)) }
        if old.isAll, !new.isAll { window.wake(.paused) }
    }

    /// Entries of the topic leave for the file, those that are handled excepted.
    mutating func putBack(_ topic: String, because key: OrderKey) {
        putBack(because: key) { $0.topic == topic }
    }

    private mutating func putBack(because key: OrderKey, where isMeant: (Delivery) -> Bool) {
        giveBack(window.putBack(because: key, keepsOrder: lanes.order == .strict, where: isMeant, except: staying))
    }

    // MARK: Probed

    /// Whether entries of the topic are claimed only when their turn comes.
    func isProbed(_ topic: String) -> Bool { topics.isProbed(topic) }

    /// What an outcome says of its topic, and what the topic makes of the outcome: what fails as all do is not buried for it.
    ///
    /// - Returns: the outcome as it counts; and what has begun or ended by it.
    mutating func weigh(
        _ outcome: HandlerOutcome, now: Int64, using generator: inout some RandomNumberGenerator
    ) -> (HandlerOutcome, Outages.Change?) {
        let topic = outcome.delivery.topic
        switch outcome.result {
        case .released, .parked:
            return (outcome, nil)
        case .done:
            guard let change = outages.succeeded(topic) else { return (outcome, nil) }
            topics.endProbe(topic)
            window.closed.lookAgain()
            return (outcome, change)
        case .retry(let attempt, _), .dead(let attempt):
            guard Outages.mayBeOne(attempt, retryAfter: outcome.result.pause) else { return (outcome, nil) }
            let change = outages.failed(topic, entry: outcome.id, attempt, now: now)
            guard outages.contains(topic) else { return (outcome, nil) }
            if change != nil {
                let (running, pause) = (running(of: topic), outages.pause(topic, using: &generator))
                topics.probe(topic, from: now + pause.microseconds, running: running)
                // In order, whatever the lanes' is: they come again at once.
                giveBack(window.putBack(because: .topic(topic), keepsOrder: true, where: { $0.topic == topic }, except: staying))
            } else if topics.isProbe(outcome.id, of: topic) {
                topics.putOff(topic, until: now + outages.pause(topic, using: &generator).microseconds)
            }
            var free = attempt
            free.counts = false
            let pause = outcome.result.pause ?? .microseconds(max(0, topics.nextProbe(of: topic) - now))
            return (outcome.becoming(.retry(free, after: pause)), change)
        }
    }

    /// The clock was set: what is left of each wait stays.
    mutating func clockJumped(by jump: Int64) {
        topics.clockJumped(by: jump)
    }
}
