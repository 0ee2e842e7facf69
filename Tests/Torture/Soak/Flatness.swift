/// Whether a figure that is measured each second stays where it is: the line that fits it best (least squares) rises by no more than
/// is allowed from its beginning to its end.
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
        let count = Double(values.count)
        mean = values.reduce(0, +) / max(1, count)
        let middle = (count - 1) / 2
        var (above, below) = (0.0, 0.0)
        for (place, value) in values.enumerated() {
            above += (Double(place) - middle) * (value - mean)
            below += (Double(place) - middle) * (Double(place) - middle)
        }
        rise = below > 0 ? above / below * (count - 1) : 0
        allowed = max(least, share * mean)
    }

    public var isFlat: Bool { rise <= allowed }
}
