import Glibc

/// The loop of work on many rows that no terminal shows: as fast as others on the file allow, until it is told to stop.
struct UnseenLoop {
    let total: Int

    /// - Parameters:
    ///   - stops: asked while it waits.
    ///   - note: told after each part how many rows are done.
    /// - Throws: as `BulkLoop.run`.
    func run(_ parts: inout some BulkParts, stops: () -> Bool, note: (Int) -> Void = { _ in }) throws {
        let start = ContinuousClock.now
        var pace = Pace(nil)
        var done = 0
        do {
            while done < total, let count = try parts.next(parts.room) {
                done += count
                note(done)
                let pause = pace.pause(after: count, elapsed: .now - start, parts.lastWrite)
                if done < total { try Self.wait(pause, stops) }
            }
        } catch {
            throw try parts.stop(after: done).failure(error)
        }
    }

    private static func wait(_ pause: Duration, _ stops: () -> Bool) throws {
        let end = ContinuousClock.now + pause
        repeat {
            if stops() { throw CancellationError() }
            let rest = min(.milliseconds(50), end - .now) / .microseconds(1)
            if rest > 0 { usleep(UInt32(rest)) }
        } while ContinuousClock.now < end
    }
}
