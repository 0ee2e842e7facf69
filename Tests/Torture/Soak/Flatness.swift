/// Whether a figure that is measured each second stays where it is: the line that fits it best (least squares) rises by no more than
/// is allowed from its beginning to its end.
///
/// Of a long time it is the line through the medians of its sixtieths: a machine that stands still for some seconds, since others want
/// its disk, makes a peak, and a leak makes none.
public struct Flatness: Sendable {
    public let name: String
    /// The figure's mean.
    public let mean: Double
    /// By how much the line rises over the whole of the time.
    public let rise: Double
    /// By how much it may.
    public let allowed: Double

    /// - Parameters:
    ///   - share: of the mean, that it may rise by
    ///   - least: that it may rise by in any case
    public init(_ name: String, _ values: [Double], share: Double, least: Double) {
        self.name = name
        mean = values.reduce(0, +) / max(1, Double(values.count))
        let medians = Self.medians(values)
        let count = Double(medians.count)
        let middle = (count - 1) / 2
        let level = medians.reduce(0, +) / max(1, count)
        var (above, below) = (0.0, 0.0)
        for (place, value) in medians.enumerated() {
            above += (Double(place) - middle) * (value - level)
            below += (Double(place) - middle) * (Double(place) - middle)
        }
        rise = below > 0 ? above / below * count * (1 - 1 / Double(values.count)) : 0
        allowed = max(least, share * mean)
    }

    public var isFlat: Bool { rise <= allowed }

    private static let parts = 60

    private static func medians(_ values: [Double]) -> [Double] {
        guard values.count > 2 * parts else { return values }
        return (0..<parts).map { part in
            let sorted = values[(part * values.count / parts)..<((part + 1) * values.count / parts)].sorted()
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
    }
}
