/// Decides what the writer thread does next. Pure: the thread does it.
///
/// There is no timer: while one commit is on its way to disk the next batch gathers, so a lonely operation is committed at
/// once and a thousand simultaneous ones share a commit.
struct GroupCommit<Operation> {
    enum Step {
        case commit([Operation])
        /// It is quiet and the log has grown, or it has grown too much.
        case checkpoint
        /// Nothing waits and the log's file is far larger than it needs to be.
        case shrink
        case sleep
        /// Nothing waits, and the log has grown: if nothing comes for a moment, that is a good one for a checkpoint.
        case doze
        /// Everything is committed and nobody may submit any more.
        case stop
    }

    /// The log is checkpointed at this size when it is quiet, and at `busyPages` in any case.
    private(set) var idlePages = 2_000
    private(set) var busyPages = 8_000

    private var waiting: [Operation] = []
    private var isSleeping = false
    private(set) var isStopping = false

    /// - Parameter pageSize: the file's. The log's bytes count.
    mutating func opened(pageSize: Int) {
        idlePages = 8_192_000 / pageSize
        busyPages = 4 * idlePages
    }

    /// - Returns: whether the thread must be woken; `nil` where the writer takes nothing any more.
    mutating func submit(_ operation: Operation) -> Bool? {
        guard !isStopping else { return nil }
        waiting.append(operation)
        return wake()
    }

    /// - Returns: whether the thread must be woken.
    mutating func stop() -> Bool {
        isStopping = true
        return wake()
    }

    /// - Parameter mustShrink: whether the log's file should give room back.
    /// - Parameter isQuiet: whether nothing came for a moment.
    mutating func next(walPages: Int, isQuiet: Bool, mustShrink: Bool = false) -> Step {
        if walPages >= busyPages { return .checkpoint }
        guard waiting.isEmpty else {
            defer { waiting.removeAll(keepingCapacity: true) }
            return .commit(waiting)
        }
        if isStopping { return .stop }
        if mustShrink { return .shrink }
        if walPages >= idlePages, isQuiet { return .checkpoint }
        isSleeping = true
        return walPages >= idlePages ? .doze : .sleep
    }

    private mutating func wake() -> Bool {
        defer { isSleeping = false }
        return isSleeping
    }
}
