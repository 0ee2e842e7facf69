/// Reads what processes did with a database's locks, log and file, in order, and finds what must not be: a checkpoint beside another
/// process's commit, which on SQLite 3.7.0 to 3.51.2 can lose data.
///
/// A lock is noted when it is there, its end before it is gone; so what overlaps here did overlap.
public struct LockWatch: Sendable {
    /// The byte of the lock file that whoever owns the database holds, and the one between checkpoints and commits.
    private static let (owner, checkpoint) = (0, 1)

    public enum Fault: Sendable, Hashable, CustomStringConvertible {
        /// Pages were moved into the database by a process that does not hold the checkpoint lock.
        case unlockedCheckpoint(record: Int, process: Int32)
        /// The log was written while another process moved pages.
        case commitBesideCheckpoint(record: Int, process: Int32, checkpointing: Int32)
        /// The log was written by a process that neither owns the database nor holds the lock, shared or whole.
        case unlockedCommit(record: Int, process: Int32)
        /// Two processes hold what only one may.
        case lockedTwice(record: Int, process: Int32, other: Int32)

        public var description: String {
            switch self {
            case .unlockedCheckpoint(let record, let process): "call \(record): \(process) checkpoints without the lock"
            case .commitBesideCheckpoint(let record, let process, let other):
                "call \(record): \(process) writes the log while \(other) checkpoints"
            case .unlockedCommit(let record, let process): "call \(record): \(process) writes the log without a lock"
            case .lockedTwice(let record, let process, let other):
                "call \(record): \(process) and \(other) hold the checkpoint lock"
            }
        }
    }

    /// Checkpoints that were seen, by the owner and by others; commits of others.
    public private(set) var ownersCheckpoints = 0
    public private(set) var othersCheckpoints = 0
    public private(set) var othersCommits = 0
    public private(set) var faults: [Fault] = []

    private var owner: Int32?
    private var exclusive: Int32?
    private var shared: Set<Int32> = []
    private var isCheckpointing = false

    public init() {}

    public init(_ records: [TapRecord]) {
        for (number, record) in records.enumerated() { look(record, number) }
    }

    private mutating func look(_ record: TapRecord, _ number: Int) {
        let process = record.process
        switch record.kind {
        case .lock where record.path.hasSuffix(".lock"): lock(record, number)
        case .write where record.path.hasSuffix(".sqlite3"):
            guard exclusive == process else {
                return faults.append(.unlockedCheckpoint(record: number, process: process))
            }
            guard !isCheckpointing else { return }
            isCheckpointing = true
            if owner == process { ownersCheckpoints += 1 } else { othersCheckpoints += 1 }
        case .write where record.path.hasSuffix("-wal"):
            if let exclusive, exclusive != process {
                faults.append(.commitBesideCheckpoint(record: number, process: process, checkpointing: exclusive))
            } else if owner != process, !shared.contains(process), exclusive != process {
                faults.append(.unlockedCommit(record: number, process: process))
            }
            if owner != process { othersCommits += 1 }
        case .open, .write, .read, .sync, .truncate, .unlink, .rename, .link, .lock: break
        }
    }

    private mutating func lock(_ record: TapRecord, _ number: Int) {
        switch (record.offset, record.type) {
        case (Self.owner, 1): owner = record.process
        case (Self.owner, 2): if owner == record.process { owner = nil }
        case (Self.checkpoint, 0): shared.insert(record.process)
        case (Self.checkpoint, 1):
            if let other = exclusive ?? shared.first(where: { $0 != record.process }), other != record.process {
                faults.append(.lockedTwice(record: number, process: record.process, other: other))
            }
            (exclusive, isCheckpointing) = (record.process, false)
        case (Self.checkpoint, 2):
            shared.remove(record.process)
            if exclusive == record.process { exclusive = nil }
        default: break
        }
    }
}
