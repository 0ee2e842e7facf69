/// The pass over the file: which rows were looked at, and where the next look begins. Pure.
///
/// The first pass goes on to the end of the file. When keys that were closed are open again, a second one goes over what was left
/// of them. They take turns, so that a deep key does not starve the others.
///
/// The file is read outside the lock, and meanwhile the pass may be sent back: what was read then counts only if it was not
/// (`isAt`). Otherwise what lies between would be passed over for good.
struct FilePass: Sendable {
    /// One look at the file: where it begins.
    struct Look: Sendable, Equatable {
        let after: Int64
        let limit: Int
        fileprivate let moves: Int
    }

    /// Every row up to here was looked at in this pass.
    private(set) var cursor: Int64 = 0
    /// Every row up to here was looked at by some pass.
    private var frontier: Int64 = 0
    /// There may be rows above the frontier that nobody looked at.
    private(set) var isBehind = true
    /// More keys would have to be closed than are remembered: nothing new is looked at until some are open again.
    private var isClosed = false
    /// What the second pass is made for, while there is one.
    private(set) var second: ClosedKeys.Opening?
    /// The first pass made progress since the last second one.
    private var mayBeginSecond = true
    /// How often it was sent elsewhere, or told of more rows.
    private var moves = 0

    /// Nothing lies in the file that was not looked at.
    var isAtEnd: Bool { !isBehind && second == nil }
    /// Whether a second pass may begin now.
    var isTurnOfSecond: Bool { second == nil && (!isBehind || mayBeginSecond || isClosed) }
    var isWanted: Bool { second != nil || isBehind && !isClosed }

    // MARK: Looking

    func look(limit: Int) -> Look { Look(after: cursor, limit: limit, moves: moves) }

    /// Whether what was found from there on can be taken: nothing has sent the pass elsewhere since.
    func isAt(_ look: Look) -> Bool { look.moves == moves && look.after == cursor }

    // MARK: Rows

    /// It comes to this row. Past the frontier the second pass is the first one again.
    mutating func reached(_ id: Int64) {
        if second != nil, id > frontier { second = nil }
    }

    /// The row was looked at.
    mutating func passed(_ id: Int64) {
        cursor = max(cursor, id)
        if cursor > frontier {
            frontier = cursor
            mayBeginSecond = true
        }
    }

    /// A row that was just added to the file behind all others was looked at before the pass came to it.
    mutating func added(_ id: Int64) {
        assert(isAtEnd, "a row was taken before those that the pass has not come to")
        cursor = id
        frontier = max(frontier, id)
    }

    /// The pass found no more rows.
    mutating func ended() {
        second = nil
        isBehind = false
        mayBeginSecond = true
    }

    // MARK: What else there is to see

    /// There are rows behind all others.
    mutating func lookBehind() {
        if !isBehind { moves += 1 }
        isBehind = true
        isClosed = false
    }

    /// A row that was just added was left in the file.
    mutating func leftBehind() {
        if !isBehind { moves += 1 }
        isBehind = true
    }

    /// Everything above `id` must be looked at again.
    mutating func lookAgain(above id: Int64) {
        if id < max(cursor, frontier) || !isBehind { moves += 1 }
        cursor = min(cursor, id)
        // A second pass that ends early jumps to the frontier: rows that nobody looked at must not lie below it.
        frontier = min(frontier, id)
        isBehind = true
        isClosed = false
    }

    // MARK: Closed keys

    mutating func close() {
        isClosed = true
    }

    /// Keys are open again.
    ///
    /// - Parameter opening: `nil` where none of their rows was left.
    mutating func open(_ opening: ClosedKeys.Opening?) {
        assert(second == nil, "a second pass began in a second pass")
        isClosed = false
        guard let opening else { return }
        second = opening
        moves += 1
        mayBeginSecond = false
        cursor = min(cursor, opening.from - 1)
    }

    /// The second pass ends before it has looked at everything; the first one goes on where it was.
    ///
    /// - Returns: what it was made for, and the first row that it did not look at.
    mutating func endSecondEarly() -> (opening: ClosedKeys.Opening, from: Int64)? {
        guard let opening = second else {
            assertionFailure("a second pass ended that was none")
            return nil
        }
        second = nil
        defer { cursor = max(cursor, frontier) }
        return (opening, cursor + 1)
    }
}
