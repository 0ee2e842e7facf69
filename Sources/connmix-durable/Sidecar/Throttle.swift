/// Lets one through in a while, and counts the others. Pure.
struct Throttle {
    private let interval: Duration
    private var last: ContinuousClock.Instant?
    private var held = 0

    init(every interval: Duration) {
        self.interval = interval
    }

    /// - Returns: how many were held back before this one; `nil` where this one is, too.
    mutating func admit(now: ContinuousClock.Instant) -> Int? {
        if let last, now - last < interval {
            held += 1
            return nil
        }
        defer { (last, held) = (now, 0) }
        return held
    }
}
