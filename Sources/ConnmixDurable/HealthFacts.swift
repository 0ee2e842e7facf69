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
    var pageSize: Int64 = 8_192
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
    /// Processes with the file open, this one excepted.
    var openIn: Set<Int32> = []
    var newestRun: Run?
    var paused: String?
    var parkedLanes = 0
}
