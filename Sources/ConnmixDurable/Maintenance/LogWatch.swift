/// Sees to it that the log does not grow without end while one snapshot is read: it cannot start over meanwhile, and a consumer becomes
/// slower with each page of it.
struct LogWatch: Sendable {
    /// The log has grown too far.
    struct TooLong: Error {
        let growth: Int64
    }

    private let file: DatabaseFile
    private let start: Int64
    private let limit: Int64

    /// - Parameter limit: bytes that the log may grow by from now on.
    init(_ file: DatabaseFile, limit: Int64) {
        self.file = file
        self.limit = limit
        start = file.size().log
    }

    /// How many bytes the log has grown by. It keeps its size when it starts over.
    var growth: Int64 { file.size().log - start }

    /// - Throws: `TooLong`.
    func check() throws(TooLong) {
        let growth = growth
        if growth > limit { throw TooLong(growth: growth) }
    }
}
