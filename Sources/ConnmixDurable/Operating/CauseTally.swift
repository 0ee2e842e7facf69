/// Adds failures up; of those of one message the last one that is added is the one it counts for. Pure.
struct CauseTally {
    private var found: [FailureCause] = []
    private var places: [String: Int] = [:]
    /// Most errors are the same to the letter.
    private var known: [String: Int] = [:]
    /// Which cause a message failed for last.
    private var last: [Int64: Int] = [:]

    private static let knownLimit = 10_000

    var oldestEntry: Int64? { last.keys.min() }

    mutating func add(entry: Int64, at time: Int64, error: String, attempts: Int = 1) {
        let place = place(of: error, entry: entry, at: time)
        found[place].attempts += attempts
        found[place].firstSeen = min(found[place].firstSeen, time)
        if time >= found[place].lastSeen {
            found[place].lastSeen = time
            found[place].example = entry
            found[place].error = error
        }
        last[entry] = place
    }

    mutating func isDead(_ entry: Int64) {
        if let place = last[entry] { found[place].dead += 1 }
    }

    var causes: [FailureCause] {
        var causes = found
        for place in last.values { causes[place].messages += 1 }
        // Every message that failed for it failed for another one later.
        causes.removeAll { $0.messages == 0 }
        return causes.sorted { ($0.messages, $0.attempts, $0.lastSeen) > ($1.messages, $1.attempts, $1.lastSeen) }
    }

    private mutating func place(of error: String, entry: Int64, at time: Int64) -> Int {
        if let place = known[error] { return place }
        let name = FailureCause.name(of: error)
        let place = places[name] ?? found.count
        if place == found.count {
            places[name] = place
            found.append(FailureCause(name: name, firstSeen: time, lastSeen: time, example: entry, error: error))
        }
        if known.count < Self.knownLimit { known[error] = place }
        return place
    }
}
