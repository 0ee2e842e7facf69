import FoundationEssentials
import Glibc

/// A file system of its own, small enough to be filled: a tmpfs, which only root may mount.
struct SmallDisk: Sendable {
    let folder: String
    var database: String { folder + "/test.sqlite3" }
    private var filler: String { folder + "/filler" }

    static let isPermitted: Bool = {
        do {
            return try SmallDisk.mounted(megabytes: 1) { _ in true }
        } catch {
            return false
        }
    }()

    private static func mounted<T>(megabytes: Int, _ body: (SmallDisk) throws -> T) throws -> T {
        let disk = try mount(megabytes: megabytes)
        defer { disk.unmount() }
        return try body(disk)
    }

    static func mount(megabytes: Int) throws -> SmallDisk {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("connmix-disk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        guard Glibc.mount("tmpfs", folder.path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            let reason = errno
            rmdir(folder.path)
            throw DiskFailure(reason)
        }
        return SmallDisk(folder: folder.path)
    }

    func unmount() {
        // Whoever may still hold a file of it does not keep it mounted.
        umount2(folder, Int32(MNT_DETACH))
        rmdir(folder)
    }

    /// Writes until so many bytes are left.
    func fill(leaving bytes: Int = 0) throws {
        let file = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw DiskFailure(errno) }
        defer { close(file) }
        let block = [UInt8](repeating: 7, count: 4_096)
        while try free() > bytes {
            guard write(file, block, block.count) > 0 else {
                guard errno == ENOSPC else { throw DiskFailure(errno) }
                return
            }
        }
    }

    /// Gives back what `fill` wrote.
    func release() throws {
        guard unlink(filler) == 0 else { throw DiskFailure(errno) }
    }

    private func free() throws -> Int {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { throw DiskFailure(errno) }
        return Int(facts.f_bavail) * Int(facts.f_frsize)
    }
}

struct DiskFailure: Error, CustomStringConvertible {
    let description: String

    init(_ code: Int32) {
        description = String(cString: strerror(code))
    }
}

func withSmallDisk<T>(megabytes: Int, _ body: (SmallDisk) async throws -> T) async throws -> T {
    let disk = try SmallDisk.mount(megabytes: megabytes)
    defer { disk.unmount() }
    return try await body(disk)
}
