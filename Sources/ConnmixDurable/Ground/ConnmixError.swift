/// What this library throws.
///
/// The `message` is one line for people: what is wrong, with what, and what to do. It holds no payloads and is safe to show.
/// Programs decide by `code`.
public struct ConnmixError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is. New codes may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// A configuration that cannot work.
        public static let invalidConfiguration = Self("invalid configuration")
        /// There is no database at that path.
        public static let noSuchDatabase = Self("no such database")
        /// The file is no SQLite database, belongs to another program, or was changed by somebody.
        public static let foreignDatabase = Self("foreign database")
        /// The database was written by a newer version of this library.
        public static let newerDatabase = Self("newer database")
        /// The database needs a migration that only its owner may run.
        public static let olderDatabase = Self("older database")
        /// Another consumer owns the file, or holds a lock for too long.
        public static let busy = Self("busy")
        /// The database or its lock file cannot be created.
        public static let cannotCreate = Self("cannot create")
        /// The process may not read or write the file.
        public static let noPermission = Self("no permission")
        /// The disk is full.
        public static let diskFull = Self("disk full")
        /// The disk or the file system failed.
        public static let inputOutput = Self("input/output error")
        /// The database or its lock file was removed or replaced while a consumer ran, or another one has taken it over.
        public static let fileLost = Self("file lost")
        /// The file is damaged.
        public static let corrupt = Self("corrupt database")
        /// A value does not fit: a command that is no JSON, a name that is too long.
        public static let badData = Self("bad data")
        /// No such entry or command.
        public static let notFound = Self("not found")
        /// The center or a node cannot be reached, or talks nonsense.
        public static let unreachable = Self("unreachable")
        /// A time limit passed.
        public static let timedOut = Self("timed out")
        /// The engine refused a command, or it was buried, expired or cancelled before it was sent.
        public static let refused = Self("refused")
        /// The consumer is stopped or not running.
        public static let stopped = Self("stopped")
        /// A broken assumption of this library: a bug.
        public static let `internal` = Self("internal error")

        /// The code in words, such as `no such database`, for people. Programs compare codes.
        public var description: String { name }
    }

    /// What kind of failure it is; programs decide by it.
    public let code: Code
    /// One line for people.
    public let message: String

    /// For code that throws this library's errors on its own behalf. The message should be one line and hold no payload.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The `message` alone.
    public var description: String { message }
}
