internal import DequeModule

/// Decides which entry is handled next. Pure.
///
/// Entries of one lane are handled one at a time in the order of their ids (promise P5), at most `concurrency` at once. Suspects,
/// entries that may have killed the process before, exclude each other until their outcome is committed, so that the next crash
/// convicts exactly one (promise P6); all others run beside them.
///
/// What cannot be handled for a while takes no place in memory: a parked lane, and a lane whose head waits longer than `longWait`
/// for its retry, wait in the file. Entries of theirs that were claimed are given back.
struct Dispatcher: Sendable {
    struct Job: Sendable {
        let id: Int64
        let delivery: Delivery
    }

    /// Entries that wait longer than this wait in the file, in microseconds.
    static let longWait: Int64 = 1_000_000

    var window: OrderedWindow<Delivery>
    private let concurrency: Int
    private let lanes: Lanes
    /// Lanes that stand still behind a dead entry.
    private var parked: Set<String> = []
    /// Keys that rest in the file, and until when.
    private var resting: [OrderKey: Int64] = [:]
    private var wakeUps = Timeline<OrderKey>()
    private var running: Set<Int64> = []
    /// Through, and their outcome not committed yet.
    private var settling: Set<Int64> = []
    private var waiting = Timeline<Int64>()
    private var toClaim: [Int64] = []
    /// Claimed in the file, and not in the window any more: to be given back there.
    private var toRelease: [Int64] = []
    /// Those, and those whose claims are on their way to the file. An entry may become ready twice meanwhile.
    private var claiming: Set<Int64> = []
    /// The suspect that is handled, or whose outcome is not committed yet.
    private var suspect: Int64?
    /// Suspects that are ready and wait for that one, in order. One that is not in `heldBack` any more is passed over.
    private var suspects: Deque<Int64> = []
    private var heldBack: Set<Int64> = []
    private(set) var isStopping = false

    init(concurrency: Int, windowCapacity: Int, windowBytes: Int = .max, lanes: Lanes = .client) {
        self.lanes = lanes
        self.concurrency = concurrency
        window = OrderedWindow(
            capacity: windowCapacity, keyCapacity: max(16, windowCapacity / 8), byteCapacity: windowBytes)
    }

    var runningCount: Int { running.count }
    /// No handler runs and no outcome waits for its commit.
    var isQuiet: Bool { running.isEmpty && settling.isEmpty }
    var nextDeadline: Int64? {
        guard !isStopping else { return nil }
        guard let wakeUp = wakeUps.next else { return waiting.next }
        return min(wakeUp, waiting.next ?? wakeUp)
    }
    var hasClaims: Bool { !toClaim.isEmpty }
    var hasReleases: Bool { !toRelease.isEmpty }

    /// The next job to start now, if there is one.
    mutating func nextJob(now: Int64) -> Job? {
        guard !isStopping, running.count < concurrency else { return nil }
        if let job = nextSuspect() { return job }
        while let (id, delivery) = window.nextReady() {
            guard !running.contains(id), !settling.contains(id), !claiming.contains(id) else { continue }
            guard delivery.availableAt > now || takesTurn(id, delivery) else { continue }
            if delivery.isClaimed {
                guard !delivery.isSuspect || isOnlySuspect(id) else { continue }
                running.insert(id)
                return Job(id: id, delivery: delivery)
            }
            if delivery.availableAt > now {
                waiting.add(id, at: delivery.availableAt)
            } else {
                addClaim(id)
            }
        }
        return nil
    }

    /// The next one that waited for another suspect, where none is handled.
    private mutating func nextSuspect() -> Job? {
        while suspect == nil, let id = suspects.popFirst() {
            guard heldBack.remove(id) != nil, let delivery = window[id] else { continue }
            suspect = id
            running.insert(id)
            return Job(id: id, delivery: delivery)
        }
        return nil
    }

    /// Whether a suspect that is ready may be handled now. Otherwise it waits for the one before it.
    private mutating func isOnlySuspect(_ id: Int64) -> Bool {
        guard suspect == nil else {
            if heldBack.insert(id).inserted { suspects.append(id) }
            return false
        }
        suspect = id
        return true
    }

    private mutating func suspectEnded(_ id: Int64) {
        if suspect == id { suspect = nil }
    }

    /// The handler is through.
    ///
    /// After a certain success the lane goes on at once: outcomes are committed in the order they came, so what follows in the lane is
    /// never in the file before it, and after a crash both are handled again, in order. After anything else, and after a
    /// suspect, the lane stays closed until the outcome is committed: `settled` or `retry`.
    mutating func ended(_ id: Int64, isCertain: Bool) {
        running.remove(id)
        settling.insert(id)
        if isCertain, suspect != id { window.remove(id) }
    }

    /// The consumer's own stop interrupted the handler, and its entry goes back. From now on no handler starts: what comes next in
    /// its lane would overtake it (promise P5).
    ///
    /// - Returns: like `stop`.
    mutating func interrupted(_ id: Int64) -> [Int64] {
        running.remove(id)
        settling.insert(id)
        return stop()
    }

    /// The entry is done or dead, or goes back, and that is committed.
    mutating func settled(_ id: Int64) {
        settling.remove(id)
        window.remove(id)
        suspectEnded(id)
    }

    /// The failure is committed. The entry keeps its place in its lane until its time comes, in memory or in the file.
    mutating func retry(_ id: Int64, at time: Int64, now: Int64) {
        settling.remove(id)
        suspectEnded(id)
        window[id]?.isClaimed = false
        window[id]?.isSuspect = false
        window[id]?.availableAt = time
        guard let delivery = window[id] else { return }
        if time - now > Self.longWait {
            rest(id, delivery, until: time)
            window.remove(id)
        } else {
            waiting.add(id, at: time)
            if lanes.order == .relaxed { window.letPass(id) }
        }
    }

    // MARK: Waiting

    /// A row of the file, in the order of ids.
    mutating func load(_ id: Int64, _ delivery: Delivery, now: Int64) -> OrderedWindow<Delivery>.Admission {
        let waits = delivery.availableAt - now
        guard waits <= Self.longWait else {
            let key = restKey(delivery)
            guard window.mayRest(key) else { return .full }
            rest(id, delivery, until: delivery.availableAt)
            guard key != .nobody else {
                // Others that rest alone may be due before it: the pass goes on.
                window.passed(id)
                return .leftInFile
            }
            return window.load(id, keys: OrderKeys(key), bytes: delivery.bytes, delivery)
        }
        let keys = waits > 0 && lanes.order == .relaxed ? OrderKeys(nil) : delivery.keys
        return window.load(id, keys: keys, bytes: delivery.bytes, delivery)
    }

    mutating func tick(now: Int64) {
        while let key = wakeUps.popDue(now: now) {
            // A time that was put off meanwhile has a wake-up of its own.
            guard let time = resting[key], time <= now else { continue }
            resting[key] = nil
            window.wake(key)
        }
        while let id = waiting.popDue(now: now) { window.makeReady(id) }
    }

    /// Whether an entry that let others of its lane pass, and whose time has come, may be handled now: beside another one of its
    /// lane it must not be. A parked lane takes nobody back; the entry is found in the file when the lane is opened.
    private mutating func takesTurn(_ id: Int64, _ delivery: Delivery) -> Bool {
        guard lanes.order == .relaxed, let lane = delivery.laneName else { return true }
        guard !parked.contains(lane) else {
            giveBack([(id, delivery)])
            window.remove(id)
            return false
        }
        return window.rejoin(id, lane: .lane(lane))
    }

    /// Somebody else changed the file: whatever rests may be due now.
    mutating func wakeAll() {
        resting.removeAll()
        wakeUps = Timeline()
        window.wakeAll()
    }

    /// With its entry a strict lane rests as a whole; otherwise the entry alone.
    private func restKey(_ delivery: Delivery) -> OrderKey {
        lanes.order == .strict ? delivery.laneName.map { .lane($0) } ?? .nobody : .nobody
    }

    private mutating func rest(_ id: Int64, _ delivery: Delivery, until time: Int64) {
        let key = restKey(delivery)
        let left = window.rest(key, from: id, except: isBusy)
        giveBack(left)
        // The earliest counts: whoever waits longer is met again then, and rests anew.
        let wakeUp = min(time, resting[key] ?? time)
        guard resting[key] != wakeUp else { return }
        resting[key] = wakeUp
        wakeUps.add(key, at: wakeUp)
    }

    private var isBusy: (Int64) -> Bool {
        { [running, settling] in running.contains($0) || settling.contains($0) }
    }

    /// Entries that left the window: those that were claimed are given back in the file. A claim that is on its way is given back
    /// when it is answered.
    private mutating func giveBack(_ left: [(id: Int64, item: Delivery)]) {
        for (id, delivery) in left {
            heldBack.remove(id)
            if delivery.isClaimed { toRelease.append(id) } else { forgetClaim(id) }
        }
    }

    private mutating func forgetClaim(_ id: Int64) {
        if let place = toClaim.firstIndex(of: id) {
            toClaim.remove(at: place)
            claiming.remove(id)
        }
    }

    // MARK: Parked lanes

    /// The entry is dead, and its lane stands still behind it.
    mutating func park(_ id: Int64, lane: String) {
        settling.remove(id)
        suspectEnded(id)
        window.remove(id)
        stand(lane)
    }

    /// Which lanes the file says are parked: others go on.
    mutating func setParked(_ names: Set<String>) {
        for name in names.subtracting(parked) { stand(name) }
        for name in parked.subtracting(names) {
            parked.remove(name)
            window.unpark(.lane(name))
        }
    }

    private mutating func stand(_ lane: String) {
        parked.insert(lane)
        giveBack(window.park(.lane(lane), except: isBusy))
    }

    // MARK: Entries that are given back

    /// Entries that are claimed in the file and not in the window, ascending.
    mutating func takeReleases() -> [Int64] {
        defer { toRelease.removeAll() }
        return toRelease.sorted()
    }

    /// The releases could not be committed.
    mutating func putBack(releases: [Int64]) {
        toRelease += releases
    }

    // MARK: Claims that need a commit of their own: retries

    /// Entries to be marked as running, ascending; each at most once.
    mutating func takeClaims() -> [Int64] {
        defer { toClaim.removeAll() }
        return toClaim.sorted()
    }

    /// The claims could not be committed.
    mutating func putBack(claims: [Int64]) {
        claiming.subtract(claims)
        guard !isStopping else { return }
        // What was dropped meanwhile is not claimed again.
        for id in claims where window[id] != nil { addClaim(id) }
    }

    /// The claims are committed.
    ///
    /// - Parameter lost: those of them that were not waiting in the file any more; their places are given up.
    mutating func claimed(_ claims: [Int64], lost: Set<Int64> = []) {
        claiming.subtract(claims)
        for id in lost { drop(id) }
        for id in claims where !lost.contains(id) {
            guard window[id] != nil else {
                toRelease.append(id)  // its lane was parked or put to rest meanwhile
                continue
            }
            window[id]?.attempts += 1
            window[id]?.isClaimed = true
            window.makeReady(id)
        }
    }

    // MARK: Changes by others

    /// Entries that are in the window and not claimed: others may change them in the file.
    var unclaimed: [Int64] { window.confirmedIDs.filter { window[$0]?.isClaimed == false } }

    /// What the file says now of an entry that is not claimed. It may be handled earlier or later than before.
    mutating func refresh(_ id: Int64, attempts: Int, availableAt: Int64) {
        guard let known = window[id], !known.isClaimed else { return }
        window[id]?.attempts = attempts
        guard known.availableAt != availableAt else { return }
        window[id]?.availableAt = availableAt
        // Its old time stays in the timeline, and means nothing when it comes.
        waiting.add(id, at: availableAt)
    }

    /// An entry that is not claimed does not wait in the file any more; what comes after it in its lane may go on. If it waits there
    /// again one day, it is loaded again.
    mutating func drop(_ id: Int64) {
        guard window[id]?.isClaimed == false else { return }
        window.remove(id)
        // A claim that is on its way stays noted until it is answered.
        forgetClaim(id)
    }

    /// The transaction that took the entry was rolled back.
    mutating func withdraw(_ id: Int64) {
        window.withdraw(id)
        toRelease.removeAll { $0 == id }
    }

    // MARK: Stopping

    /// Starts no more handlers.
    ///
    /// - Returns: entries that are claimed in the file and were not started, to be released there; once.
    mutating func stop() -> [Int64] {
        guard !isStopping else { return [] }
        isStopping = true
        claiming.subtract(toClaim)
        toClaim.removeAll()
        return startable(window.confirmedIDs)
    }

    /// Those of the entries that are claimed in the file and were not started: claims whose commit came after `stop`. From now on
    /// their release counts as an outcome on its way: nothing else gives them back.
    mutating func startable(_ ids: [Int64]) -> [Int64] {
        let unstarted = ids.filter { id in
            !running.contains(id) && !settling.contains(id) && window[id]?.isClaimed == true
        }
        settling.formUnion(unstarted)
        return unstarted
    }

    private mutating func addClaim(_ id: Int64) {
        guard claiming.insert(id).inserted else { return }
        toClaim.append(id)
    }
}
