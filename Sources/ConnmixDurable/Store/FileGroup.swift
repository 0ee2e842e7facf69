internal import Glibc

/// A group whose members may read and write a database, as its owner may: programs of other users push into its outbox and look at it.
struct FileGroup: Sendable {
    let name: String
    private let id: gid_t

    static let mode: mode_t = 0o660

    /// - Parameter name: as in /etc/group.
    /// - Throws: `invalidConfiguration` where there is no such group.
    init(_ name: String) throws(ConnmixError) {
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        let status = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65_536) { buffer in
            getgrnam_r(name, &entry, buffer.baseAddress, buffer.count, &found)
        }
        guard status == 0, found != nil else {
            throw ConnmixError(
                .invalidConfiguration, "there is no group \(Quoted.text(name)); name one of this machine, see: getent group")
        }
        self.name = name
        id = entry.gr_gid
    }

    /// The database and what lies beside it belong to the group from now on. SQLite gives later ones the database's mode; their group is
    /// that of the process that makes them, or the folder's, where it has the set-group-ID bit.
    ///
    /// - Throws: `noPermission` where this process may not give them away.
    func take(_ database: String) throws(ConnmixError) {
        for suffix in ["", "-wal", "-shm", ".lock"] { try takeOne(database + suffix) }
    }

    private func takeOne(_ path: String) throws(ConnmixError) {
        var facts = stat()
        guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return }
        if facts.st_gid == id, facts.st_mode & 0o777 == Self.mode { return }
        // One that a member of the group made is the group's already, and not this user's to change.
        guard chown(path, uid_t.max, id) == 0, chmod(path, Self.mode) == 0 else {
            let error = SystemError()
            throw ConnmixError(
                error.code,
                "\(path) cannot be given to group \(name): \(error.text); run as its owner and as a member of that group")
        }
    }
}
