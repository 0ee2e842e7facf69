internal import CSQLite

/// What a file lies on, as far as it matters to locks and shared memory. Numbers of statfs(2).
enum FileSystemKind: Equatable {
    case local(String)
    /// Locks and shared memory do not work between machines, and often not at all.
    case network(String)
    /// Gone with the next power cut.
    case memory(String)
    case unknown(Int)

    init(path: String) {
        self.init(number: csqlite_file_system(path))
    }

    init(number: Int) {
        switch number {
        case 0x6969: self = .network("NFS")
        case 0xFF53_4D42, 0xFE53_4D42, 0x517B: self = .network("SMB")
        case 0x0102_1997: self = .network("9p")
        case 0x00C3_6400: self = .network("Ceph")
        case 0x5346_414F: self = .network("AFS")
        case 0x0BD0_0BD0: self = .network("Lustre")
        // FUSE (0x65735546) may be anything.
        case 0x0102_1994: self = .memory("tmpfs")
        case 0x8584_58F6: self = .memory("ramfs")
        case 0xEF53: self = .local("ext4")
        case 0x5846_5342: self = .local("XFS")
        case 0x9123_683E: self = .local("Btrfs")
        case 0x2FC1_2FC1: self = .local("ZFS")
        case 0x794C_7630: self = .local("overlayfs")
        case 0xF2F5_2010: self = .local("F2FS")
        default: self = .unknown(number)
        }
    }
}
