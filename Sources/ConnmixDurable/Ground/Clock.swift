internal import Glibc

/// The wall clock, as the database keeps it, and one that nobody can set.
enum Clock {
    /// Both at one moment, in microseconds.
    struct Reading: Sendable {
        var wall: Int64
        var steady: Int64
    }

    /// Microseconds since 1970, UTC. Somebody may set it: what waits in memory alone goes by `steady`.
    static func now() -> Int64 { read(CLOCK_REALTIME) }

    /// Microseconds since the machine was started, sleep included.
    static func steady() -> Int64 { read(CLOCK_BOOTTIME) }

    static func reading() -> Reading {
        var before = steady()
        while true {
            let wall = now()
            let after = steady()
            // Between the two the thread may have been put aside, which is no jump.
            if after - before < 100_000 { return Reading(wall: wall, steady: after) }
            before = after
        }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
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
