import ConnmixDurable

/// Work on many rows that is done in parts by a `BulkLoop`.
protocol BulkParts {
    /// The most rows that the next part may have.
    var room: Int { get }
    /// How the transaction of the last part went.
    var lastWrite: WriteTimes { get }

    /// Works on the next rows.
    ///
    /// - Parameter most: how many at the most.
    /// - Returns: how many there were; `nil` where none is left.
    mutating func next(_ most: Int) throws -> Int?
    /// Waits for what must have happened before there is a next part.
    ///
    /// - Parameter note: shows what is waited for.
    mutating func settle(isLast: Bool, note: (String) -> Void) throws
    /// Notes that the work goes on no further for now.
    func stop(after done: Int) throws -> BulkStop
}

extension BulkParts {
    mutating func settle(isLast: Bool, note: (String) -> Void) throws {}
}

/// Where work on many rows stopped, and what to do about it.
struct BulkStop {
    let place: String
    let advice: String

    /// What to say of the error that stopped it.
    func failure(_ error: any Error) -> any Error {
        switch error {
        case is CancellationError: Failure(.interrupted, "\(place); \(advice)")
        case let error as Failure: Failure(error.exit, "\(error.message); \(place); \(advice)")
        case let error as ConnmixError: Failure(Exit(error.code), "\(error.message); \(place); \(advice)")
        default: error
        }
    }
}

/// The loop of all work on many rows: a bar, a pace, and an end in order where a signal or an error comes.
struct BulkLoop {
    let total: Int
    /// Done before this process began.
    let before: Int
    let rate: Rate?

    /// - Returns: how many rows are done, those before included.
    /// - Throws: `Failure` with the place and advice of `parts`; what is no error of ours as it is.
    func run(_ parts: inout some BulkParts) throws -> Int {
        Interruption.watch()
        let start = ContinuousClock.now
        var bar = ProgressBar(total: total, before: before, now: start)
        var pace = Pace(rate)
        var done = before
        defer { bar.clear() }
        do {
            while done < total {
                try Interruption.check()
                let most = pace.allowance(most: min(total - done, parts.room))
                guard let count = try parts.next(most) else { break }
                assert((1...most).contains(count), "a part has rows, and no more than it may have")
                done += count
                bar.show(done)
                try parts.settle(isLast: done >= total) { bar.show(done, note: $0) }
                guard done < total else { break }
                try Interruption.pause(pace.pause(after: count, elapsed: .now - start, parts.lastWrite))
            }
        } catch {
            bar.clear()
            throw try parts.stop(after: done).failure(error)
        }
        return done
    }
}
