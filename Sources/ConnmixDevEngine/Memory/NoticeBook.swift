import NIOCore

/// Bounds how often a developer is told the same.
struct NoticeBook {
    static let interval: TimeAmount = .seconds(5)

    private var last: [DevEngine.Notice.Kind: NIODeadline] = [:]
    private var leftOut: [DevEngine.Notice.Kind: Int] = [:]

    /// How many of its kind were left out before this one; nil where this one is, too.
    mutating func admit(_ kind: DevEngine.Notice.Kind, now: NIODeadline) -> Int? {
        if let last = self.last[kind], now - last < Self.interval {
            self.leftOut[kind, default: 0] += 1
            return nil
        }
        self.last[kind] = now
        return self.leftOut.removeValue(forKey: kind) ?? 0
    }
}
