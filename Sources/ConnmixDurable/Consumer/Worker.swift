/// One of those that run handlers: takes an entry, runs one attempt at it and gives its outcome back, until the consumer stops.
struct Worker: Sendable {
    let core: ConsumerCore
    /// Its slot in the live account.
    let number: Int
    let attempt: Attempt

    func run() async {
        var next = await core.nextJob()
        while let job = next {
            core.live.took(job.id, handler: number)
            if core.handlers == nil { core.hands.took(job.id, handler: number) }
            let outcome = await handle(job)
            core.hands.gave(handler: number)
            core.live.gave(handler: number)
            next = core.ended(outcome)
            if next == nil { next = await core.nextJob() }
        }
    }

    private func handle(_ job: Dispatcher.Job) async -> HandlerOutcome {
        let delivery = job.delivery
        let message = Message(
            id: job.id, topic: delivery.topic, node: delivery.node, client: delivery.client, attempt: delivery.attempts,
            receivedAt: delivery.receivedAt, data: delivery.data)
        let calledAt = Clock.now()
        // Until its process has begun with it a message only waits for its turn.
        let context =
            core.handlers == nil
            ? attempt.makeContext()
            : attempt.makeContext(onBegin: { [hands = core.hands, number] in hands.took(job.id, handler: number) })
        let result = await core.spans.handling(message) {
            await attempt.run(message, context, startedAt: calledAt)
        }
        let startedAt = context.begunAt ?? calledAt
        if core.metrics.isOn { core.metrics.handled(inMicroseconds: max(0, Clock.now() - startedAt)) }
        return HandlerOutcome(id: job.id, delivery: delivery, startedAt: startedAt, result: result)
    }
}
