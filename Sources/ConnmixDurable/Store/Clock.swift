internal import Glibc

/// The wall clock, as the database keeps it.
enum Clock {
    /// Microseconds since 1970, UTC.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}

extension Duration {
    /// Whole microseconds; anything longer than a century counts as one, so that sums of times cannot overflow.
    var microseconds: Int64 {
        let century: Int64 = 100 * 366 * 86_400
        let (seconds, attoseconds) = components
        guard seconds > -century, seconds < century else { return seconds < 0 ? -century * 1_000_000 : century * 1_000_000 }
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
