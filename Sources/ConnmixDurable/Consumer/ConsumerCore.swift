internal import Logging
internal import NIOCore
internal import Synchronization

/// Where the two halves meet: what nodes bring goes to the writer, what is committed goes to handlers and nodes.
///
/// Decisions are in `Intake`, `Dispatcher` and `Relay`; this class feeds them under two locks and performs what they decide
/// after the lock is released. Called from event loops, the writer thread and handler tasks; it blocks none of them.
final class ConsumerCore: Sendable {
    private struct State: Sendable {
        var dispatcher: Dispatcher
        var relay: Relay
        var outcomes: [HandlerOutcome] = []
        var enqueues: [DrainOperation.Enqueue] = []
        var changes: [Relay.Change] = []
        /// Some change says more than that a command was sent, and should not wait for another commit.
        var hasUrgentChange = false
        var receipts: [Int64: Receipt] = [:]
        var connections: [String: NodeConnection] = [:]
        var nodes: [NodeIdentity: String] = [:]
        var idleWorkers: [CheckedContinuation<Dispatcher.Job?, Never>] = []
        var isDrainScheduled = false
        /// After a failed commit: nothing is written before that time.
        var trouble: (reason: String, retryAt: Int64, backoff: Backoff)?
        var isClosed = false
        var flushAt: Int64?
        var accountedAt: Int64 = 0
        var accountedAtRisk = 0
        var accountIsStale = true
        var timer: (fires: Int64, task: Scheduled<Void>)?
        var failure: (any Error)?
        var watchers: [Watcher] = []
        var nextWatcher = 0
        /// A suspect that was claimed while no worker was idle.
        var soloJob: Dispatcher.Job?
    }

    /// Somebody who waits for a state of the consumer.
    private struct Watcher: Sendable {
        let number: Int
        let condition: @Sendable (borrowing State) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    let run: Int64
    let judge: Judge
    private let writer: Writer
    private let loop: any EventLoop
    private let intake: Mutex<Intake>
    private let state: Mutex<State>
    private let onEvent: @Sendable (ConsumerEvent) -> Void

    /// How long a settled command's mark may wait for a commit that happens anyway. A lost mark means one more send.
    private static let markDelay: Int64 = 50_000
    /// How often another process's changes are looked for when nothing else happens.
    private static let pollInterval: Int64 = 200_000

    init(
        run: Int64, writer: Writer, loop: any EventLoop, limits: Intake.Limits, dispatcher: Dispatcher, relay: Relay,
        judge: Judge,
        onEvent: @escaping @Sendable (ConsumerEvent) -> Void
    ) {
        self.run = run
        self.judge = judge
        self.writer = writer
        self.loop = loop
        self.onEvent = onEvent
        intake = Mutex(Intake(limits: limits))
        state = Mutex(State(dispatcher: dispatcher, relay: relay))
    }

    /// Loads what the file holds and begins.
    func start() {
        scheduleDrain()
    }

    // MARK: Handlers

    /// The next entry to handle; `nil` once the consumer stops.
    func nextJob() async -> Dispatcher.Job? {
        await withCheckedContinuation { continuation in
            var job: Dispatcher.Job?
            let isAnswered = state.withLock { state in
                guard !state.dispatcher.isStopping else { return true }
                job = takeJob(&state)
                if job == nil { state.idleWorkers.append(continuation) }
                return job != nil
            }
            if isAnswered { continuation.resume(returning: job) }
        }
    }

    /// Takes an outcome, and answers with the next entry to handle, if one is ready.
    func ended(_ outcome: HandlerOutcome) -> Dispatcher.Job? {
        let (job, mustDrain) = state.withLock { state in
            state.outcomes.append(outcome)
            state.dispatcher.ended(outcome.id, isCertain: outcome.isCertain)
            return (takeJob(&state), requestDrain(&state))
        }
        if mustDrain { submitDrain() }
        return job
    }

    private func takeJob(_ state: inout State) -> Dispatcher.Job? {
        if let job = state.soloJob {
            state.soloJob = nil
            return job
        }
        return state.dispatcher.nextJob(now: Clock.now())
    }

    // MARK: Commands from outside handlers

    func enqueue(_ command: Command) async throws -> Receipt {
        try await withCheckedThrowingContinuation { continuation in
            let enqueue = DrainOperation.Enqueue(command: command) { continuation.resume(with: $0) }
            let (isClosed, mustDrain) = state.withLock { state in
                guard !state.isClosed else { return (true, false) }
                state.enqueues.append(enqueue)
                return (false, requestDrain(&state))
            }
            if isClosed { continuation.resume(throwing: Self.stopped) }
            if mustDrain { submitDrain() }
        }
    }

    private static var stopped: ConnmixError {
        ConnmixError(.stopped, "the consumer is stopped; the command was not accepted")
    }

    // MARK: Commits. Called by `DrainOperation` on the writer's thread

    func takeWork() -> DrainOperation.Work {
        var work = state.withLock { state in
            state.isDrainScheduled = false
            state.flushAt = nil
            defer {
                state.outcomes = []
                state.enqueues = []
                state.changes = []
                state.hasUrgentChange = false
            }
            return DrainOperation.Work(
                outcomes: state.outcomes, enqueues: state.enqueues, changes: state.changes,
                claims: state.dispatcher.takeClaims())
        }
        work.arrivals = intake.withLock { $0.take() }
        return work
    }

    /// Gives ids to new messages and decides which are handed out at once.
    func admit(
        _ arrivals: [ReceivedMessage], _ transaction: Transaction, _ effects: inout DrainOperation.Effects
    ) -> [(id: Int64, state: EntryState)] {
        state.withLock { state in
            arrivals.map { message in
                let id = transaction.nextID(.journal)
                guard message.unreadable == nil else { return (id, .dead) }
                let delivery = Delivery(
                    topic: message.topic, node: message.node, client: message.client, data: message.data,
                    receivedAt: message.receivedAt, attempts: 1, availableAt: message.receivedAt, isClaimed: true)
                guard !state.dispatcher.isStopping,
                    state.dispatcher.window.append(id, keys: delivery.keys, delivery) == .taken
                else { return (id, .pending) }
                effects.entries.append(id)
                return (id, .running)
            }
        }
    }

    func admit(_ rows: [(id: Int64, command: OutgoingCommand)], _ effects: inout DrainOperation.Effects) {
        state.withLock { state in
            for (id, command) in rows
            where state.relay.window.append(id, keys: command.keys, command) == .taken {
                effects.commands.append(id)
            }
        }
    }

    /// Another process changed the file: rows may be waiting that were looked at before.
    func lookAgain() {
        state.withLock { state in
            state.dispatcher.window.lookAgain(above: 0)
            state.relay.window.lookAgain(above: 0)
        }
    }

    /// Reads outside the lock: a scan takes as long as a hundred handlers.
    func loadEntries(_ transaction: Transaction, _ effects: inout DrainOperation.Effects) throws {
        let pass = state.withLock { state in
            state.dispatcher.isStopping ? nil : state.dispatcher.window.nextPass(limit: 1_000)
        }
        guard let pass else { return }
        var rows: [(id: Int64, delivery: Delivery)] = []
        rows.reserveCapacity(pass.limit)
        _ = try Journal.scan(transaction.connection, after: pass.after, limit: pass.limit) { row in
            let isDue = row.availableAt <= transaction.now && !row.flags.contains(.suspect)
            rows.append((row.id, Delivery(row, isClaimed: isDue)))
            return true
        }
        let claims = state.withLock { state -> [Int64] in
            var claims: [Int64] = []
            guard !state.dispatcher.isStopping else { return claims }
            for (id, delivery) in rows {
                switch state.dispatcher.window.load(id, keys: delivery.keys, delivery) {
                case .taken:
                    effects.entries.append(id)
                    if delivery.isClaimed { claims.append(id) }
                case .leftInFile, .known: break
                case .full: return claims
                }
            }
            if rows.count < pass.limit { state.dispatcher.window.passEnded() }
            return claims
        }
        try Journal.claim(transaction, ids: claims, run: run)
    }

    func loadCommands(_ transaction: Transaction, _ effects: inout DrainOperation.Effects) throws {
        guard let pass = state.withLock({ $0.relay.window.nextPass(limit: 1_000) }) else { return }
        var rows: [(id: Int64, command: OutgoingCommand)] = []
        rows.reserveCapacity(pass.limit)
        _ = try OutboxTable.scan(transaction.connection, after: pass.after, limit: pass.limit) { row in
            rows.append((row.id, OutgoingCommand(row)))
            return true
        }
        state.withLock { state in
            for (id, command) in rows {
                // Answered, perhaps while the file was read: still pending there, and not to be sent again.
                guard !state.relay.isUnmarked(id) else {
                    state.relay.window.passed(id)
                    continue
                }
                switch state.relay.window.load(id, keys: command.keys, command) {
                case .taken: effects.commands.append(id)
                case .leftInFile, .known: break
                case .full: return
                }
            }
            if rows.count < pass.limit { state.relay.window.passEnded() }
        }
    }

    /// Writes the live account, at most once a second, into a commit that happens anyway or when it has become wrong.
    func account(_ transaction: Transaction, isIdle: Bool) throws {
        let (atRisk, highWater) = intake.withLock { ($0.atRisk, $0.highWater) }
        let facts = state.withLock { state -> (nodes: [NodeIdentity: String], paused: String?)? in
            let isDue = transaction.now - state.accountedAt >= 1_000_000
            let isWrong = state.accountIsStale || isDue && atRisk != state.accountedAtRisk
            guard isWrong || isDue && !isIdle else { return nil }
            state.accountedAt = transaction.now
            state.accountedAtRisk = atRisk
            state.accountIsStale = false
            return (state.nodes, state.trouble?.reason)
        }
        guard let facts else { return }
        try RunTable.account(
            transaction, run: run, atRisk: atRisk, highWater: highWater, nodesJSON: Self.json(facts.nodes),
            paused: facts.paused)
    }

    /// The transaction that took these rows left nothing in the file.
    func withdraw(_ effects: DrainOperation.Effects) {
        state.withLock { state in
            for id in effects.entries.reversed() { state.dispatcher.window.withdraw(id) }
            for id in effects.commands.reversed() { state.relay.window.withdraw(id) }
            state.dispatcher.window.lookAgain(above: 0)
            state.relay.window.lookAgain(above: 0)
        }
    }

    func committed(_ work: DrainOperation.Work, _ effects: DrainOperation.Effects) {
        var isOverTrouble = false
        let lateReceipts = state.withLock { state -> [Receipt] in
            for outcome in effects.outcomes {
                switch outcome.result {
                case .done, .dead, .released: state.dispatcher.settled(outcome.id)
                case .retry(_, let pause):
                    state.dispatcher.retry(outcome.id, at: Clock.now() + pause.microseconds)
                }
            }
            for id in effects.entries { state.dispatcher.window.confirm(id) }
            for id in effects.commands { state.relay.window.confirm(id) }
            for case .sent(let id, _, _) in work.changes { state.relay.marked(id) }
            for case .settled(let id, _) in work.changes { state.relay.marked(id) }
            if !state.isClosed { for receipt in effects.receipts { state.receipts[receipt.id] = receipt } }
            if let solo = state.dispatcher.claimed(work.claims) { state.soloJob = solo }
            if state.dispatcher.isStopping {
                let claims = work.claims.together + (work.claims.alone.map { [$0] } ?? [])
                release(state.dispatcher.startable(effects.entries + claims), &state)
            }
            isOverTrouble = state.trouble != nil
            if isOverTrouble { state.accountIsStale = true }
            state.trouble = nil
            return state.isClosed ? effects.receipts : []
        }
        apply(intake.withLock { $0.committed(work.arrivals.count) })
        if isOverTrouble {
            apply(intake.withLock { $0.release(.trouble) })
            onEvent(.resumed)
        }
        for (enqueue, receipt) in zip(work.enqueues, effects.receipts) { enqueue.finish(.success(receipt)) }
        for receipt in lateReceipts { receipt.abandon(Self.unanswered(receipt.id)) }
        for outcome in effects.outcomes { report(outcome) }
        for (id, node, reason) in effects.unreadable { onEvent(.unreadableMessage(id: id, node: node, reason: reason)) }
        pump()
    }

    /// Nothing of the work is in the file. It stays in memory; what the disk may allow later is tried again.
    func failed(_ work: DrainOperation.Work, _ error: any Error) {
        let known = error as? ConnmixError ?? ConnmixError(.internal, "a commit failed: \(error)")
        let isFatal = !known.isTransient
        let isNew = state.withLock { state in
            state.outcomes = work.outcomes + state.outcomes
            state.changes = Self.newest(work.changes + state.changes)
            state.accountIsStale = true
            state.dispatcher.putBack(work.claims)
            var backoff = state.trouble?.backoff ?? Backoff(base: .milliseconds(100), cap: .seconds(5))
            var generator = SystemRandomNumberGenerator()
            let isNew = state.trouble == nil
            let pause = backoff.next(using: &generator)
            state.trouble = (known.message, Clock.now() + pause.microseconds, backoff)
            if isFatal { state.failure = state.failure ?? known }
            return isNew
        }
        apply(intake.withLock { $0.putBack(work.arrivals) })
        if isNew { onEvent(.paused(reason: known.message)) }
        for enqueue in work.enqueues { enqueue.finish(.failure(known)) }
        pump()
    }

    /// Of several postponements of a command only the last one counts, so that a long trouble gathers one change a command.
    private static func newest(_ changes: [Relay.Change]) -> [Relay.Change] {
        var seen: Set<Int64> = []
        return changes.reversed().filter { seen.insert($0.id).inserted }.reversed()
    }

    /// Gives entries back that are claimed in the file and will not be handled by this process.
    private func release(_ ids: [Int64], _ state: inout State) {
        for id in ids {
            guard let delivery = state.dispatcher.window[id] else { continue }
            state.outcomes.append(HandlerOutcome(id: id, delivery: delivery, startedAt: 0, result: .released))
        }
    }

    // MARK: Doing what was decided

    /// Starts what can start: handlers for ready entries, sends for ready commands, a commit for what waits.
    private func pump() {
        var starts: [(CheckedContinuation<Dispatcher.Job?, Never>, Dispatcher.Job)] = []
        var sends: [(NodeConnection, [(id: Int64, command: Command)])] = []
        var finished: [Watcher] = []
        var settled: [(Receipt?, Relay.Change)] = []
        let mustDrain = state.withLock { state in
            let now = Clock.now()
            while !state.idleWorkers.isEmpty, let job = takeJob(&state) {
                starts.append((state.idleWorkers.removeLast(), job))
            }
            sends = takeSends(&state, now: now, settled: &settled)
            finished = takeWatchers(&state)
            scheduleTimer(&state, now: now)
            guard needsDrain(&state) else { return false }
            return requestDrain(&state)
        }
        for (worker, job) in starts { worker.resume(returning: job) }
        for (connection, commands) in sends { connection.send(commands) }
        for watcher in finished { watcher.continuation.resume(returning: true) }
        announce(settled)
        if mustDrain { submitDrain() }
    }

    private func takeSends(
        _ state: inout State, now: Int64, settled: inout [(Receipt?, Relay.Change)]
    ) -> [(NodeConnection, [(id: Int64, command: Command)])] {
        guard !state.isClosed else { return [] }
        let (sends, changes) = state.relay.nextSends(now: now)
        for change in changes { keep(change, &state, &settled) }
        var byNode: [String: [(id: Int64, command: Command)]] = [:]
        for send in sends { byNode[send.node, default: []].append((send.id, send.command)) }
        return byNode.compactMap { node, commands in state.connections[node].map { ($0, commands) } }
    }

    /// Takes note of a change for the next commit.
    private func keep(_ change: Relay.Change, _ state: inout State, _ settled: inout [(Receipt?, Relay.Change)]) {
        state.changes.append(change)
        switch change {
        case .sent(let id, _, _):
            if let receipt = state.receipts.removeValue(forKey: id) { settled.append((receipt, change)) }
        case .settled(let id, _):
            settled.append((state.receipts.removeValue(forKey: id), change))
            state.hasUrgentChange = true
        case .postponed:
            state.hasUrgentChange = true
        }
    }

    private func announce(_ settled: [(Receipt?, Relay.Change)]) {
        for (receipt, change) in settled {
            switch change {
            case .sent(_, _, let settlement):
                receipt?.settle(Receipt.Answer(settlement))
            case .settled(let id, let settlement):
                receipt?.settle(Receipt.Answer(settlement))
                onEvent(.commandDead(id: id, reason: settlement.error ?? ""))
            case .postponed:
                break
            }
        }
    }

    private func needsDrain(_ state: inout State) -> Bool {
        if !state.outcomes.isEmpty || !state.enqueues.isEmpty || state.dispatcher.hasClaims { return true }
        if state.hasUrgentChange { return true }
        if state.relay.window.wantsPass() { return true }
        return !state.dispatcher.isStopping && state.dispatcher.window.wantsPass()
    }

    /// - Returns: whether the caller must submit it, once the lock is free.
    private func requestDrain(_ state: inout State) -> Bool {
        guard !state.isDrainScheduled else { return false }
        if let trouble = state.trouble {
            // A clock that was set back must not stop commits for longer than the longest pause.
            let left = trouble.retryAt - Clock.now()
            if left > 0, left < 10_000_000 { return false }
        }
        state.isDrainScheduled = true
        return true
    }

    private func submitDrain() {
        if !writer.submit(DrainOperation(core: self)) {
            // The writer is gone; whoever still waits for a commit must hear it.
            let enqueues = state.withLock { state in
                defer { state.enqueues = [] }
                return state.enqueues
            }
            for enqueue in enqueues { enqueue.finish(.failure(Self.stopped)) }
        }
    }

    private func scheduleDrain() {
        if state.withLock({ requestDrain(&$0) }) { submitDrain() }
    }

    private func apply(_ change: Intake.Change?) {
        guard let change else { return }
        let connections = state.withLock { Array($0.connections.values) }
        let mayPop = state.withLock { !$0.dispatcher.isStopping }
        for connection in connections {
            switch change {
            case .pause:
                connection.setConsuming(false)
            case .stopReading:
                connection.setConsuming(false)
                connection.setReading(false)
            case .read:
                connection.setReading(true)
            case .resume:
                connection.setReading(true)
                if mayPop { connection.setConsuming(true) }
            }
        }
    }

    private func report(_ outcome: HandlerOutcome) {
        switch outcome.result {
        case .done, .released: break
        case .retry(let attempt, _):
            onEvent(.handlerFailed(id: outcome.id, attempt: attempt.number, error: attempt.error, isDead: false))
        case .dead(let attempt):
            onEvent(.handlerFailed(id: outcome.id, attempt: attempt.number, error: attempt.error, isDead: true))
        }
    }

    // MARK: Time

    private func scheduleTimer(_ state: inout State, now: Int64) {
        guard !state.isClosed else { return }
        if state.flushAt == nil, !state.changes.isEmpty { state.flushAt = now + Self.markDelay }
        var next = now + Self.pollInterval
        var deadlines = [state.dispatcher.nextDeadline, state.relay.nextDeadline]
        // A drain that is on its way takes everything; in trouble nothing is taken before the next try.
        if !state.isDrainScheduled { deadlines.append(state.trouble?.retryAt ?? state.flushAt) }
        for time in deadlines {
            if let time { next = min(next, time) }
        }
        next = max(next, now)
        if let timer = state.timer, timer.fires <= next { return }
        state.timer?.task.cancel()
        let task = loop.scheduleTask(in: .microseconds(max(0, next - now) + 500)) { self.timerFired() }
        state.timer = (next, task)
    }

    private func timerFired() {
        let mustDrain = state.withLock { state in
            state.timer = nil
            let now = Clock.now()
            state.dispatcher.tick(now: now)
            state.relay.tick(now: now)
            return requestDrain(&state)
        }
        if mustDrain { submitDrain() }
        pump()
    }

    // MARK: Waiting for a state

    /// - Returns: whether the condition held within the limit; false where the task was cancelled first.
    @discardableResult
    private func wait(
        within limit: Duration? = nil, until condition: @escaping @Sendable (borrowing State) -> Bool
    ) async -> Bool {
        let number = state.withLock { state in
            state.nextWatcher += 1
            return state.nextWatcher
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWatching = state.withLock { state in
                    guard !state.isClosed, !Task.isCancelled else { return false }
                    state.watchers.append(Watcher(number: number, condition: condition, continuation: continuation))
                    return true
                }
                guard isWatching else { return continuation.resume(returning: false) }
                if let limit {
                    loop.scheduleTask(in: .microseconds(limit.microseconds)) { self.giveUp(watcher: number) }
                }
                pump()
            }
        } onCancel: {
            giveUp(watcher: number)
        }
    }

    private func giveUp(watcher number: Int) {
        let watcher = state.withLock { state in
            state.watchers.firstIndex { $0.number == number }.map { state.watchers.remove(at: $0) }
        }
        watcher?.continuation.resume(returning: false)
    }

    private func takeWatchers(_ state: inout State) -> [Watcher] {
        guard !state.watchers.isEmpty else { return [] }
        let (done, waiting) = (
            state.watchers.filter { $0.condition(state) }, state.watchers.filter { !$0.condition(state) }
        )
        state.watchers = waiting
        return done
    }

    /// Returns when a commit failed for good; `nil` where the consumer ended otherwise.
    func failure() async -> (any Error)? {
        await wait { $0.failure != nil }
        return state.withLock { $0.failure }
    }

    // MARK: Stopping

    /// Takes no more messages from the nodes; what is under way is still journaled.
    func stopTaking() {
        apply(intake.withLock { $0.hold(.stopping) })
    }

    /// Starts no more handlers, and gives entries back that were claimed for this process.
    func stopHandling() {
        let (workers, mustDrain) = state.withLock { state in
            if let job = state.soloJob {
                state.soloJob = nil
                state.dispatcher.ended(job.id, isCertain: false)
                state.outcomes.append(HandlerOutcome(id: job.id, delivery: job.delivery, startedAt: 0, result: .released))
            }
            release(state.dispatcher.stop(), &state)
            defer { state.idleWorkers = [] }
            return (state.idleWorkers, requestDrain(&state))
        }
        for worker in workers { worker.resume(returning: nil) }
        if mustDrain { submitDrain() }
    }

    /// Returns when no handler runs any more and every outcome is committed.
    func handlersEnded(within limit: Duration) async -> Bool {
        await wait(within: limit) { $0.dispatcher.isQuiet && $0.outcomes.isEmpty || $0.failure != nil }
    }

    /// The same for a task that is cancelled already: a handler that heeds its own cancellation returns at once.
    func handlersReturned(within limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline, state.withLock({ $0.dispatcher.runningCount > 0 }) {
            await pause(.milliseconds(5))
        }
    }

    /// Returns when every command is settled and marked.
    func outboxDrained(within limit: Duration) async -> Bool {
        await wait(within: limit) { $0.relay.isIdle && $0.enqueues.isEmpty || $0.failure != nil }
    }

    /// Returns when no node is being popped any more.
    func unpopped(within limit: Duration) async {
        await wait(within: limit) { state in state.nodes.values.allSatisfy { $0 != "consuming" } }
    }

    /// Lets everybody go who waits for something.
    func end() async {
        let watchers = state.withLock { state in
            state.isClosed = true
            state.timer?.task.cancel()
            defer { state.watchers = [] }
            return state.watchers
        }
        for watcher in watchers { watcher.continuation.resume(returning: false) }
    }

    /// Tells those who wait for answers that none will come any more.
    func close() async {
        let (receipts, enqueues) = state.withLock { state in
            defer {
                state.receipts = [:]
                state.enqueues = []
            }
            return (Array(state.receipts.values), state.enqueues)
        }
        for enqueue in enqueues { enqueue.finish(.failure(Self.stopped)) }
        for receipt in receipts {
            receipt.abandon(Self.unanswered(receipt.id))
        }
    }

    private static func unanswered(_ id: Int64) -> ConnmixError {
        ConnmixError(.stopped, "the consumer stopped before command \(id) was answered; it is sent after its next start")
    }

    func pause(_ duration: Duration) async {
        await withCheckedContinuation { continuation in
            _ = loop.scheduleTask(in: .microseconds(duration.microseconds)) { continuation.resume() }
        }
    }

    /// Messages that were read and are not in the file.
    var atRisk: Int { intake.withLock { $0.atRisk } }

    /// Commits what is in memory.
    ///
    /// - Returns: whether everything is in the file.
    func flush() async -> Bool {
        let isCommitted = await withCheckedContinuation { continuation in
            let last = LastDrain(core: self) { continuation.resume(returning: $0) }
            if !writer.submit(last) { continuation.resume(returning: false) }
        }
        return isCommitted && atRisk == 0
            && state.withLock { $0.outcomes.isEmpty && $0.changes.isEmpty && $0.enqueues.isEmpty }
    }
}

/// A drain that says when it is through.
private final class LastDrain: WriteOperation {
    private let drain: DrainOperation
    private let completion: @Sendable (Bool) -> Void

    init(core: ConsumerCore, completion: @escaping @Sendable (Bool) -> Void) {
        drain = DrainOperation(core: core)
        self.completion = completion
    }

    func prepare() { drain.prepare() }
    func apply(_ transaction: Transaction) throws { try drain.apply(transaction) }

    func finish(_ result: Result<Void, any Error>) {
        drain.finish(result)
        if case .success = result { completion(true) } else { completion(false) }
    }
}

// MARK: - What the cluster says

extension ConsumerCore: ClusterDelegate {
    func received(_ messages: [ReceivedMessage], from connection: NodeConnection) {
        apply(intake.withLock { $0.arrived(messages) })
        scheduleDrain()
    }

    func settled(_ outcomes: [CommandOutcome], by connection: NodeConnection) {
        var settled: [(Receipt?, Relay.Change)] = []
        state.withLock { state in
            let now = Clock.now()
            for outcome in outcomes {
                let change: Relay.Change?
                switch outcome.result {
                case .replied(let reply): change = state.relay.replied(outcome.command, reply, now: now)
                case .unanswered(let reason):
                    change = state.relay.unanswered(outcome.command, reason: reason, now: now)
                case .notWritten:
                    // It is closing or being left, and takes no more; its end is announced later.
                    if state.connections[connection.identity.id] === connection {
                        state.relay.disconnected(connection.identity.id)
                    }
                    state.relay.notWritten(outcome.command)
                    change = nil
                }
                if let change { keep(change, &state, &settled) }
            }
        }
        announce(settled)
        pump()
    }

    func connected(_ connection: NodeConnection) {
        let isReading = intake.withLock { $0.isReading }
        state.withLock { state in
            state.connections[connection.identity.id] = connection
            state.relay.connected(connection.identity.id)
            note(connection.identity, "connected", &state)
        }
        if !isReading { connection.setReading(false) }
        // A pause may have come between the connection's first pop and its place in the list.
        connection.setConsuming(shouldConsume())
        onEvent(.nodeConnected(connection.identity))
        pump()
    }

    func disconnected(_ connection: NodeConnection, reason: String, clean: Bool) {
        state.withLock { state in
            guard state.connections[connection.identity.id] === connection else { return }
            state.connections[connection.identity.id] = nil
            state.relay.disconnected(connection.identity.id)
            // A node that was replaced or removed meanwhile is not shown any more.
            if state.nodes[connection.identity] != nil { note(connection.identity, "disconnected", &state) }
        }
        onEvent(.nodeDisconnected(connection.identity, reason: reason, clean: clean))
        pump()
    }

    func shouldConsume() -> Bool {
        intake.withLock { $0.isOpen } && !state.withLock { $0.dispatcher.isStopping }
    }

    func directoryKnown() {
        state.withLock { $0.relay.directoryKnown() }
        pump()
    }

    func nodeGone(_ identity: NodeIdentity) {
        state.withLock { state in
            state.nodes[identity] = nil
            state.accountIsStale = true
            state.relay.nodeMissing(identity.id, now: Clock.now())
        }
        pump()
    }

    func happened(_ event: ConsumerEvent) {
        state.withLock { state in
            switch event {
            case .nodeAdded(let identity):
                state.relay.nodeListed(identity.id)
                note(identity, "connecting", &state)
            case .nodeReplaced(let old, let new):
                state.relay.nodeReplaced(old.id, by: new.id)
                note(new, "connecting", &state)
            case .nodeUnreachable(let identity, _): note(identity, "unreachable", &state)
            case .nodeConsuming(let identity): note(identity, "consuming", &state)
            case .nodeNotConsuming(let identity, _): note(identity, "connected", &state)
            default: break
            }
        }
        onEvent(event)
        pump()
    }

    private func note(_ identity: NodeIdentity, _ what: String, _ state: inout State) {
        guard state.nodes[identity] != what else { return }
        state.nodes[identity] = what
        state.accountIsStale = true
    }

    private static func json(_ nodes: [NodeIdentity: String]) -> String {
        var buffer = ByteBuffer()
        buffer.writeStaticString("[")
        for (index, node) in nodes.sorted(by: { $0.key.id < $1.key.id }).enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            buffer.writeStaticString("{\"id\":")
            buffer.writeJSONString(node.key.id)
            buffer.writeStaticString(",\"address\":")
            buffer.writeJSONString(node.key.address.description)
            buffer.writeStaticString(",\"state\":")
            buffer.writeJSONString(node.value)
            buffer.writeStaticString("}")
        }
        buffer.writeStaticString("]")
        return String(buffer: buffer)
    }
}
