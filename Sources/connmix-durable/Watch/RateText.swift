/// A rate as people read it: three digits or so.
enum RateText {
    static func text(_ rate: Double) -> String {
        switch rate {
        case ..<0.05: "0"
        case ..<10: "\(Int(rate)).\(Int(rate * 10) % 10)"
        case ..<10_000: "\(Int(rate.rounded()))"
        case ..<1_000_000: "\(Int(rate / 1_000))k"
        default: "\(Int(rate / 1_000_000))M"
        }
    }
}
