/// Decides which entry is handled next. Pure.
///
/// Entries of one lane are handled one at a time in the order of their ids (promise P5), at most `concurrency` at once. Suspects,
/// entries that may have killed the process before, exclude each other until their outcome is committed, so that the next crash
/// convicts exactly one (promise P6); all others run beside them. A topic may have fewer handlers than there are, or be probed for an
/// outage; what waits for one of those is in nobody's way.
///
/// What cannot be handled for a while takes no place in memory: a lane that is parked in the file, one whose head waits longer
/// than `longWait` for its retry, and a topic that is paused rest (see `OrderedWindow` for its words). Entries of theirs that were
/// claimed are given back.
struct Dispatcher: Sendable {
    struct Job: Sendable {
        let id: Int64
        let delivery: Delivery
    }

    /// Entries that wait longer than this wait in the file, in microseconds.
    static let longWait: Int64 = 1_000_000

    var window: OrderedWindow<Delivery>
    private let concurrency: Int
    let lanes: Lanes
    /// Lanes that rest behind a dead entry until an operator acts.
    var parked: Set<String> = []
    private var running: Set<Int64> = []
    /// Through, and their outcome not committed yet.
    private var settling: Set<Int64> = []
    /// Entries in memory whose time has not come.
    var waiting = Timeline<Int64>()
    var claims = Claims()
    private var suspects = SuspectTurns()
    var topics: TopicTurns
    var outages: Outages
    var paused = PausedTopics()
    private(set) var isStopping = false

    /// - Parameters:
    ///   - topicLimits: how many handlers at once topics have that have less than all.
    ///   - probeAfter: after so many messages of a topic that fail alike it is probed; 0: never.
    init(
        concurrency: Int, windowCapacity: Int, windowBytes: Int = .max, lanes: Lanes = .client, topicLimits: [String: Int] = [:],
        probeAfter: Int = 0
    ) {
        self.lanes = lanes
        topics = TopicTurns(limits: topicLimits)
        outages = Outages(threshold: probeAfter)
        self.concurrency = concurrency
        window = OrderedWindow(
            capacity: windowCapacity, keyCapacity: max(16, windowCapacity / 8), byteCapacity: windowBytes)
    }

    var runningCount: Int { running.count }
    /// No handler runs and no outcome waits for its commit.
    var isQuiet: Bool { running.isEmpty && settling.isEmpty }
    var nextDeadline: Int64? {
        guard !isStopping else { return nil }
        let probe = running.count < concurrency ? topics.nextProbe : nil
        return [window.nextWakeUp, waiting.next, probe].lazy.compactMap { $0 }.min()
    }
    var hasClaims: Bool { claims.hasClaims }
    var hasReleases: Bool { claims.hasReleases }

    /// Under which keys an entry is in memory.
    func keys(of delivery: Delivery) -> OrderKeys {
        let lane = delivery.laneName.map { OrderKey.lane($0) }
        guard let pause = pauseKey(of: delivery.topic) else { return OrderKeys(lane, quota: topics.quota(of: delivery.topic)) }
        // Where everything is paused, nothing can be overtaken.
        return OrderKeys(paused.isAll || lanes.order == .relaxed ? nil : lane, pause)
    }

    /// The next job to start now, if there is one.
    mutating func nextJob(now: Int64) -> Job? {
        guard !isStopping, running.count < concurrency else { return nil }
        if let job = nextSuspect(now: now) { return job }
        while true {
            let called = topics.called(now: now)
            // What is not at the head of its lane any more, or left, has its turn when it is ready by itself.
            // They come before what has become ready since: a busy lane of their topic would take the place from them again and again.
            for id in called.reversed() { window.makeReady(id, first: true) }
            if let job = nextReady(now: now) { return job }
            if called.isEmpty { return nil }
        }
    }

    private mutating func nextReady(now: Int64) -> Job? {
        while let (id, delivery) = window.nextReady() {
            guard !isBusy(id), !claims.isClaiming(id) else { continue }
            guard delivery.availableAt > now || takesTurn(id, delivery) else { continue }
            if delivery.isClaimed {
                guard topics.hasPlace(for: id, of: delivery.topic, now: now), !delivery.isSuspect || suspects.takeTurn(id) else {
                    continue
                }
                return start(id, delivery)
            }
            if delivery.availableAt > now {
                topics.left(id, of: delivery.topic)
                waiting.add(id, at: delivery.availableAt)
            } else if !topics.isProbed(delivery.topic) || topics.hasPlace(for: id, of: delivery.topic, now: now) {
                claims.claim(id)
            }
        }
        return nil
    }

    private mutating func nextSuspect(now: Int64) -> Job? {
        while let id = suspects.next() {
            // Without a place it gives its turn to others, and asks for it again when there is one.
            guard let delivery = window[id], topics.hasPlace(for: id, of: delivery.topic, now: now) else {
                suspects.ended(id)
                continue
            }
            return start(id, delivery)
        }
        return nil
    }

    private mutating func start(_ id: Int64, _ delivery: Delivery) -> Job {
        running.insert(id)
        topics.started(id, of: delivery.topic)
        return Job(id: id, delivery: delivery)
    }

    /// Entries of the topic that are being handled.
    func running(of topic: String) -> [Int64] { running.filter { window[$0]?.topic == topic } }

    private func isBusy(_ id: Int64) -> Bool { running.contains(id) || settling.contains(id) }

    /// Entries that are handled, or whose outcome is not committed yet, keep their places. It holds no reference to the window, which is
    /// changed meanwhile.
    var staying: (Int64) -> Bool {
        { [running, settling] in running.contains($0) || settling.contains($0) }
    }

    // MARK: Outcomes

    /// The handler is through.
    ///
    /// After a certain success the lane goes on at once: outcomes are committed in the order they came, so what follows in the lane is
    /// never in the file before it, and after a crash both are handled again, in order. After anything else, and after a
    /// suspect, the lane stays closed until the outcome is committed: `settled` or `retry`.
    mutating func ended(_ id: Int64, isCertain: Bool) {
        settles(id)
        if isCertain, !suspects.isTurn(of: id) { window.remove(id) }
    }

    /// The consumer's own stop interrupted the handler, and its entry goes back. From now on no handler starts: what comes next in
    /// its lane would overtake it (promise P5).
    ///
    /// - Returns: like `stop`.
    mutating func interrupted(_ id: Int64) -> [Int64] {
        settles(id)
        return stop()
    }

    private mutating func settles(_ id: Int64) {
        let wasRunning = running.remove(id) != nil
        assert(wasRunning, "a handler ended that was not started")
        topics.ended(id)
        settling.insert(id)
    }

    /// The entry is done or dead, or goes back, and that is committed.
    mutating func settled(_ id: Int64) {
        committed(id)
        window.removeIfPresent(id)
    }

    /// The failure is committed. The entry keeps its place in its lane until its time comes, in memory or in the file.
    ///
    /// - Parameter counts: whether the attempt does.
    mutating func retry(_ id: Int64, at time: Int64, counts: Bool = true, now: Int64) {
        committed(id)
        guard var delivery = window[id] else { return assertionFailure("an entry left memory before its failure was committed") }
        delivery.isClaimed = false
        if !counts { delivery.attempts -= 1 }
        delivery.isSuspect = false
        delivery.availableAt = time
        window[id] = delivery
        if let key = pauseKey(of: delivery.topic) {
            putBack(delivery.topic, because: key)
        } else if time - now > Self.longWait {
            rest(id, delivery, until: time)
            window.removeIfPresent(id)
        } else {
            waiting.add(id, at: time)
            if lanes.order == .relaxed { window.standAside(id) }
        }
    }

    /// The entry is dead, and its lane rests behind it.
    mutating func park(_ id: Int64, lane: String) {
        settled(id)
        park(lane)
    }

    private mutating func committed(_ id: Int64) {
        let wasSettling = settling.remove(id) != nil
        assert(wasSettling, "an outcome was committed that nobody brought")
        suspects.ended(id)
        topics.settled(id)
    }

    // MARK: Rolled back

    /// The transaction that took the entry was rolled back.
    mutating func withdraw(_ id: Int64) {
        window.withdraw(id)
        claims.keep(id)
    }

    // MARK: Leaving memory

    /// Entries that left the window: those that were claimed are given back in the file. A claim that is on its way is given back
    /// when it is answered.
    mutating func giveBack(_ left: [(id: Int64, item: Delivery)]) {
        for (id, delivery) in left {
            suspects.left(id)
            topics.left(id, of: delivery.topic)
            if delivery.isClaimed { claims.release(id) } else { claims.forget(id) }
        }
    }

    // MARK: Stopping

    /// Starts no more handlers.
    ///
    /// - Returns: entries that are claimed in the file and were not started, to be released there; once.
    mutating func stop() -> [Int64] {
        guard !isStopping else { return [] }
        isStopping = true
        claims.stop()
        return startable(window.confirmedIDs)
    }

    /// Those of the entries that are claimed in the file and were not started: claims whose commit came after `stop`. From now on
    /// their release counts as an outcome on its way: nothing else gives them back.
    mutating func startable(_ ids: [Int64]) -> [Int64] {
        let unstarted = ids.filter { !isBusy($0) && window[$0]?.isClaimed == true }
        settling.formUnion(unstarted)
        return unstarted
    }
}
