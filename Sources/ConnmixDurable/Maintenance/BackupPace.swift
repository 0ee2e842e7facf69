/// Decides how a backup goes on beside a consumer. Pure: `BackupCopy` does it.
///
/// A large file is copied with pauses and without a lock, as long as nobody commits. A commit makes SQLite begin again; so after two
/// of them, and at once for a small file, the rest is copied from one snapshot. While that is held the log cannot start over, but
/// nobody waits for it, and the copy ends.
struct BackupPace {
    enum Next: Equatable {
        /// Wait a moment and go on.
        case pause
        /// Open a read transaction and go on.
        case hold
        /// Go on.
        case goOn
    }

    /// 2 MiB with this project's pages.
    static let pagesPerStep = 512
    /// So many pages, 64 MiB, are copied in well under a second.
    static let smallPages = 16_384
    private static let patience = 2

    private(set) var restarts = 0
    private(set) var isHeld: Bool
    private var copied = 0

    init(pages: Int) {
        isHeld = pages <= Self.smallPages
    }

    /// A step has ended and was not the last.
    mutating func stepped(copied now: Int) -> Next {
        defer { copied = now }
        guard !isHeld else { return .goOn }
        if now <= copied { restarts += 1 }
        guard restarts >= Self.patience else { return .pause }
        isHeld = true
        return .hold
    }
}
