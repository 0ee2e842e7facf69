internal import Glibc

/// Which file it is, whatever it is called. Nothing is opened.
struct FileIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64

    init(_ facts: stat) {
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
    }

    /// - Returns: `nil` where there is none, or where that cannot be told.
    init?(path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        self.init(facts)
    }

    init?(descriptor: Int32) {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { return nil }
        self.init(facts)
    }

    enum Whereabouts: Equatable {
        case there
        /// Its name leads nowhere.
        case removed
        /// Its name leads to another file.
        case replaced
        /// A folder that may not be looked into, a disk that fails: this says nothing of the file.
        case unknown
    }

    /// Whether the name still leads to this file.
    ///
    /// While the file is open its number is given to no other one.
    func whereabouts(_ path: String) -> Whereabouts {
        var facts = stat()
        if lstat(path, &facts) == 0 { return Self(facts) == self ? .there : .replaced }
        return errno == ENOENT || errno == ENOTDIR ? .removed : .unknown
    }
}
