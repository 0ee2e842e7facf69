/// Numbers in buckets.
struct Histogram: Equatable {
    /// Seconds: from a tenth of a millisecond, a commit on a good disk, to half a minute, a slow handler.
    static let bounds = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]

    /// Of each bound those that are not above it and above the bound before; the last: above all.
    private(set) var counts = [UInt64](repeating: 0, count: Histogram.bounds.count + 1)
    private(set) var sum = 0.0

    mutating func record(_ value: Double) {
        guard value.isFinite else { return }
        counts[Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count] += 1
        sum += value
    }

    /// How many were not above each bound, and how many there are at all.
    var cumulative: [(bound: String, count: UInt64)] {
        var count: UInt64 = 0
        return zip(Self.bounds.map { "\($0)" } + ["+Inf"], counts).map { bound, more in
            count += more
            return (bound, count)
        }
    }
}
