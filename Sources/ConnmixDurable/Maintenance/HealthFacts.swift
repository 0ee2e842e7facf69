/// What `DatabaseDoctor` looks at. `HealthReport` judges it.
struct HealthFacts: Equatable {
    struct Run: Equatable {
        var pid: Int32
        var isEnded: Bool
        var isClean: Bool
    }

    var path = "db"
    var now: Int64 = 0

    var sqliteVersion = "3.40.1"
    var sqliteNumber = 3_040_001
    var isThreadsafe = true

    /// What kept the file from being read; nothing below is known then.
    var trouble: String?
    var journalMode = "wal"
    /// Neither the file nor its folder can be written here; SQLite does not say its journal mode then.
    var isFrozen = false
    var pageSize: Int64 = 4_096
    var encoding = "UTF-8"
    var synchronous: String?

    var fileSystem = FileSystemKind.local("ext4")
    var freeBytes: Int64?
    var bytes: Int64 = 0
    var walBytes: Int64 = 0
    /// Processes that look at an old state of the log.
    var logReaders: [Int32] = []

    /// The newest time of any row.
    var newestRow: Int64?
    var files: [FileFacts] = []
    var user: UInt32 = 0
    var owner: Int32?
    /// A checkpoint has held its lock as long as it was looked at.
    var isCheckpointStuck = false
    /// Somebody who commits has.
    var isCheckpointHeld = false
    /// Processes that have the file open and are stopped.
    var stopped: Set<Int32> = []
    var hasLockFile = true
    /// Processes with the file open, this one excepted.
    var openIn: Set<Int32> = []
    /// Processes that have a file open which had this name before.
    var openRemoved: Set<Int32> = []
    /// Processes that have a lock file open which had the lock file's name before.
    var lockRemoved: Set<Int32> = []
    var newestRun: Run?
    /// Processes of runs that have not ended and may be alive.
    var openRuns: Set<Int32> = []
    var paused: String?
    var parkedLanes = 0
    /// What the consumer says of its handlers and centers.
    var work = StatusReport.Work()
    var pausesByHand: [TopicPause] = []
}
