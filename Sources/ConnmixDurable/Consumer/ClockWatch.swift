/// Tells when the wall clock was set. Pure.
struct ClockWatch: Sendable {
    struct Jump: Sendable, Equatable {
        /// In microseconds; below zero where it was set back.
        var by: Int64
        /// What it says since.
        var to: Int64

        /// What it would say had nobody set it.
        var horizon: Int64 { to - by }
    }

    /// Less is no jump, in microseconds.
    static let least: Int64 = 2_000_000

    private var offset: Int64?

    mutating func read(_ reading: Clock.Reading) -> Jump? {
        let found = reading.wall - reading.steady
        guard let known = offset else {
            offset = found
            return nil
        }
        guard abs(found - known) > Self.least else { return nil }
        offset = found
        return Jump(by: found - known, to: reading.wall)
    }
}
