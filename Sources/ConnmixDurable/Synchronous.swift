/// When a commit counts as done. See https://sqlite.org/pragma.html#pragma_synchronous.
public enum Synchronous: String, Sendable, CaseIterable {
    /// Once it is on disk. What is committed survives a power cut.
    case full
    /// Once the operating system has it. What is committed survives the process, but the last commits may not survive a
    /// power cut.
    case normal

    /// SQLite's number for it.
    var pragma: Int64 {
        switch self {
        case .full: 2
        case .normal: 1
        }
    }
}
