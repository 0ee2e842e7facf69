/// Entries that wait: for their time, with their lane, or until an operator acts.
extension Dispatcher {
    /// A row that was just added to the file.
    mutating func append(_ id: Int64, _ delivery: Delivery) -> OrderedWindow<Delivery>.Admission {
        var keys = keys(of: delivery)
        // Those that wait in the file must not keep out what is new: it may be what can be handled.
        if keys.quota != nil, topics.isProbed(delivery.topic) { keys.quota = .arrivals(topic: delivery.topic) }
        return window.append(id, keys: keys, bytes: delivery.bytes, delivery)
    }

    /// A row of the file, in the order of ids.
    mutating func load(_ id: Int64, _ delivery: Delivery, now: Int64) -> OrderedWindow<Delivery>.Admission {
        let waits = delivery.availableAt - now
        guard waits <= Self.longWait || paused.contains(delivery.topic) else {
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
        var keys = keys(of: delivery)
        if waits > 0, lanes.order == .relaxed, !paused.contains(delivery.topic) { keys = OrderKeys(nil, quota: keys.quota) }
        return window.load(id, keys: keys, bytes: delivery.bytes, delivery)
    }

    mutating func tick(now: Int64) {
        window.tick(now: now)
        while let id = waiting.popDue(now: now) { window.makeReady(id) }
    }

    /// Somebody else changed the file: whatever rests may be due now.
    mutating func wakeAll() {
        window.wakeAll()
    }

    /// Whether an entry that stood aside in its lane, and whose time has come, may be handled now: beside another one of its lane it
    /// must not be. A parked lane takes nobody back; the entry is found in the file when the lane is opened.
    mutating func takesTurn(_ id: Int64, _ delivery: Delivery) -> Bool {
        guard lanes.order == .relaxed, let lane = delivery.laneName else { return true }
        guard !parked.contains(lane) else {
            giveBack([(id, delivery)])
            window.remove(id)
            return false
        }
        return window.takeTurn(id, lane: .lane(lane))
    }

    mutating func rest(_ id: Int64, _ delivery: Delivery, until time: Int64) {
        giveBack(window.rest(restKey(delivery), from: id, until: time, except: staying))
    }

    /// With its entry a strict lane rests as a whole; otherwise the entry alone.
    private func restKey(_ delivery: Delivery) -> OrderKey {
        lanes.order == .strict ? delivery.laneName.map { .lane($0) } ?? .nobody : .nobody
    }

    // MARK: Parked lanes

    /// Which lanes the file says are parked: others go on.
    mutating func setParked(_ names: Set<String>) {
        for name in names.subtracting(parked) { park(name) }
        for name in parked.subtracting(names) {
            parked.remove(name)
            window.wake(.lane(name))
        }
    }

    mutating func park(_ lane: String) {
        parked.insert(lane)
        giveBack(window.rest(.lane(lane), except: staying))
    }

    // MARK: Entries that are given back

    /// Whether entries are claimed in the file, or will be, that are not in the window: a pass would not see them, and what comes after them in
    /// their lanes would overtake them. Nothing is loaded until they are given back.
    var hasStrays: Bool { claims.hasReleases || claims.underWay.contains { !window.contains($0) } }

    /// Entries that are claimed in the file and not in the window, ascending.
    mutating func takeReleases() -> [Int64] { claims.takeReleases() }

    /// The releases could not be committed.
    mutating func putBack(releases: [Int64]) {
        claims.release(releases)
    }

    // MARK: Claims that need a commit of their own: retries

    /// Entries to be marked as running, ascending; each at most once.
    mutating func takeClaims() -> [Int64] { claims.take() }

    /// The claims could not be committed.
    mutating func putBack(claims: [Int64]) {
        self.claims.answered(claims)
        guard !isStopping else { return }
        // What was dropped meanwhile is not claimed again.
        for id in claims where window.contains(id) { self.claims.claim(id) }
    }

    /// The claims are committed.
    ///
    /// - Parameter lost: those of them that were not waiting in the file any more; their places are given up.
    mutating func claimed(_ claims: [Int64], lost: Set<Int64> = []) {
        self.claims.answered(claims)
        for id in lost { drop(id) }
        for id in claims where !lost.contains(id) {
            guard var delivery = window[id] else {
                self.claims.release(id)  // its lane was parked or put to rest meanwhile
                continue
            }
            delivery.attempts += 1
            delivery.isClaimed = true
            window[id] = delivery
            window.makeReady(id)
        }
    }

    // MARK: Changes by others

    /// Entries that are in the window and not claimed: others may change them in the file.
    var unclaimed: [Int64] { window.confirmedIDs.filter { window[$0]?.isClaimed == false } }

    /// What the file says now of an entry that is not claimed. It may be handled earlier or later than before.
    mutating func refresh(_ id: Int64, attempts: Int, availableAt: Int64) {
        guard var delivery = window[id], !delivery.isClaimed else { return }
        let isNewTime = delivery.availableAt != availableAt
        delivery.attempts = attempts
        delivery.availableAt = availableAt
        window[id] = delivery
        // Its old time stays in the timeline, and means nothing when it comes.
        if isNewTime { waiting.add(id, at: availableAt) }
    }

    /// An entry that is not claimed does not wait in the file any more; what comes after it in its lane may go on. If it waits there
    /// again one day, it is loaded again.
    mutating func drop(_ id: Int64) {
        guard let delivery = window[id], !delivery.isClaimed else { return }
        window.remove(id)
        topics.left(id, of: delivery.topic)
        // A claim that is on its way stays noted until it is answered.
        claims.forget(id)
    }
}
