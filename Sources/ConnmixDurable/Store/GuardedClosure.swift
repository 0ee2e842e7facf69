/// Whose statement it is, where it is not the library's.
enum GuardedClosure {
    /// Of a closure that changes tables, inside everybody's transaction.
    case write
    /// Of a closure that reads.
    case read

    var words: String {
        switch self {
        case .write: "in your write closure"
        case .read: "in your read closure"
        }
    }

    /// What may not be done there, and what to do.
    var prohibition: String {
        switch self {
        case .write: "handlers may not change the library's tables, transactions or pragmas"
        case .read: "nothing can be changed there; use context.write"
        }
    }

    /// Why its statements may not run on.
    var hurry: String {
        switch self {
        case .write: "while every other commit waited; write less at a time"
        case .read: "and kept the database's log from being overwritten; ask for less at a time"
        }
    }
}
