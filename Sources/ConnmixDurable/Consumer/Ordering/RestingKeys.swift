/// Keys that rest: none of their rows is taken into memory. Pure.
///
/// Some rest until a time, and others until somebody acts. Nothing else is remembered of those: there may be any number of them.
struct RestingKeys: Sendable {
    private var untilWoken: Set<OrderKey> = []
    private var times: [OrderKey: Int64] = [:]
    private var wakeUps = Timeline<OrderKey>()

    func contains(_ key: OrderKey) -> Bool { untilWoken.contains(key) || times[key] != nil }
    func isUntilWoken(_ key: OrderKey) -> Bool { untilWoken.contains(key) }
    /// Whether one rests until a time.
    var hasTimes: Bool { !times.isEmpty }
    var nextWakeUp: Int64? { wakeUps.next }

    mutating func rest(_ key: OrderKey) {
        untilWoken.insert(key)
    }

    /// The earliest time counts: whoever waits longer is met again then, and rests anew.
    mutating func rest(_ key: OrderKey, until time: Int64) {
        if let known = times[key], known <= time { return }
        times[key] = time
        wakeUps.add(key, at: time)
    }

    /// - Returns: whether it rested until somebody acts. A time that it rests until, too, stays.
    mutating func wake(_ key: OrderKey) -> Bool {
        untilWoken.remove(key) != nil
    }

    /// - Returns: whether the time of one has come.
    mutating func wakeDue(now: Int64) -> Bool {
        var isAnyDue = false
        while let key = wakeUps.popDue(now: now) {
            // One that rests anew, or until an earlier time, has a wake-up of its own.
            guard let time = times[key], time <= now else { continue }
            times[key] = nil
            isAnyDue = true
        }
        return isAnyDue
    }

    /// Those with a time may be due now.
    mutating func forgetTimes() {
        times.removeAll()
        wakeUps = Timeline()
    }
}
