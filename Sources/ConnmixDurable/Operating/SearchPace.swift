/// How many rows the next read of a long search goes over, so that each is short and none pins the log. Pure.
struct SearchPace: Equatable {
    private static let quick = Duration.milliseconds(10)
    /// What one read may take; one that took longer is followed by as many rows as would have fitted.
    static let longest = Duration.milliseconds(50)
    private static let least: Int64 = 100

    private(set) var rows: Int64
    private let most: Int64

    init(rows: Int64 = 2_000, most: Int64 = 50_000) {
        self.rows = rows
        self.most = most
    }

    mutating func took(_ time: Duration) {
        if time > Self.longest {
            rows = max(Self.least, Int64(Double(rows) * (Self.longest / time)))
        } else if time < Self.quick {
            rows = min(most, rows * 2)
        }
    }
}
