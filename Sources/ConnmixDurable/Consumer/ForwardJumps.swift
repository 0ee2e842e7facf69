/// By how much the wall clock was set forward, so that this does not count as age. Pure.
///
/// What was written before such a jump has times of the old clock, what was written after it has times of the new one; between the two
/// there is nothing.
struct ForwardJumps: Sendable {
    /// Oldest first: what the clock said after it, and by how much it went forward.
    private var jumps: [(to: Int64, by: Int64)] = []

    /// More of them are taken together.
    private static let limit = 64

    mutating func noted(_ jump: ClockWatch.Jump) {
        guard jump.by < 0 else {
            jumps.append((jump.to, jump.by))
            if jumps.count > Self.limit {
                let oldest = jumps.removeFirst()
                jumps[0].by += oldest.by
            }
            return
        }
        // Set back: the last ones have not happened, or by less.
        var back = -jump.by
        while back > 0, let last = jumps.popLast() {
            if last.by > back { jumps.append((last.to - back, last.by - back)) }
            back -= last.by
        }
    }

    /// What the clock said when so much time had still to pass until `now`.
    func time(_ age: Int64, before now: Int64) -> Int64 {
        var time = now - age
        for jump in jumps.reversed() {
            guard time <= jump.to else { break }
            time -= jump.by
        }
        return time
    }
}
