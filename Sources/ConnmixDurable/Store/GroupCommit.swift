/// Decides what the writer thread does next. Pure: the thread does it.
///
/// There is no timer: while one commit is on its way to disk the next batch gathers, so a lonely operation is committed at
/// once and a thousand simultaneous ones share a commit.
struct GroupCommit<Operation> {
    enum Step {
        case commit([Operation])
        /// Nothing waits and the log has grown: a good moment.
        case checkpoint
        /// Nothing waits and the log's file is far larger than it needs to be.
        case shrink
        case sleep
        /// Everything is committed and nobody may submit any more.
        case stop
    }

    /// The log is checkpointed at this size when nothing waits, and at `busyPages` in any case.
    var idlePages = LogKeeper.idlePages
    var busyPages = 4_000

    private var waiting: [Operation] = []
    private var isSleeping = false
    private(set) var isStopping = false

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
    mutating func next(walPages: Int, mustShrink: Bool = false) -> Step {
        if walPages >= busyPages { return .checkpoint }
        guard waiting.isEmpty else {
            defer { waiting.removeAll(keepingCapacity: true) }
            return .commit(waiting)
        }
        if isStopping { return .stop }
        if mustShrink { return .shrink }
        if walPages >= idlePages { return .checkpoint }
        isSleeping = true
        return .sleep
    }

    private mutating func wake() -> Bool {
        defer { isSleeping = false }
        return isSleeping
    }
}
