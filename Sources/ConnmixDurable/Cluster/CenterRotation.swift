/// Which center is asked: the one that answered last and, where it has nothing to say, the others in turn. Pure.
struct CenterRotation {
    private let count: Int
    private var next = 0
    /// How many have failed since the question was asked first.
    private var failures = 0
    /// The center that answered last: it says how nodes are spoken to.
    private(set) var latest: Int?

    init(count: Int) {
        self.count = max(1, count)
    }

    /// - Returns: the center to ask first.
    mutating func begin() -> Int {
        failures = 0
        return next
    }

    mutating func answered(_ center: Int) {
        latest = center
    }

    /// A center failed, or listed nothing.
    ///
    /// - Returns: the center to ask in its place; `nil` where all were asked.
    mutating func failed() -> Int? {
        next = (next + 1) % count
        failures += 1
        return failures < count ? next : nil
    }
}
