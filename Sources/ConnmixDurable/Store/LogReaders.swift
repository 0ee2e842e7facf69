internal import Glibc

/// Who reads a database's log, as the kernel's table of locks says. Nothing is opened beside the table.
enum LogReaders {
    /// Each reader locks the byte of its read mark in the index (https://sqlite.org/walformat.html#wal_locks).
    private static let firstMark = 123
    private static let marks = 5

    /// The processes that look at an old state of the log, and so keep it from starting over, as far as they can be told.
    static func old(database: String, _ log: LogFacts) -> [Int32] {
        var facts = stat()
        guard stat(database + "-shm", &facts) == 0, let table = table() else { return [] }
        let found = table.split(separator: "\n").compactMap { reader($0, inode: UInt64(facts.st_ino), log) }
        return Set(found).sorted()
    }

    /// A line such as `3: POSIX  ADVISORY  READ 4711 08:01:393228 124 124`.
    static func reader(_ line: Substring, inode: UInt64, _ log: LogFacts) -> Int32? {
        let words = line.split(separator: " ")
        guard words.count >= 8, words[1] == "POSIX", words[3] == "READ", let pid = Int32(words[4]), pid > 0,
            let place = words[5].split(separator: ":").last, UInt64(place) == inode,
            let first = Int(words[6]), let last = Int(words[7])
        else { return nil }
        let held = (0..<marks).filter { (first...max(first, last)).contains(firstMark + $0) }
        // Mark 0 reads the database file alone: no page may be moved beneath it.
        let isOld = held.contains { $0 == 0 || $0 < log.marks.count && Int(log.marks[$0]) < log.pages }
        return isOld ? pid : nil
    }

    private static func table() -> String? {
        let file = open("/proc/locks", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < 4 << 20 {
            let count = read(file, &part, part.count)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
