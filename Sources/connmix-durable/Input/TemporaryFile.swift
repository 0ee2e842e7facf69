import Glibc
import SystemPackage

/// A file for the user only. Whoever makes one removes it.
struct TemporaryFile {
    let path: String

    init(_ bytes: [UInt8]) throws {
        let folder = DatabaseOptions.environment("TMPDIR") ?? "/tmp"
        do {
            let (path, file) = try Self.create(in: folder)
            self.path = path
            do {
                try file.closeAfter { _ = try file.writeAll(bytes) }
            } catch let error as Errno {
                remove()
                throw Failure(.inputOutput, "cannot write \(path): \(error)")
            }
        } catch let error as Errno {
            throw Failure(.cannotCreate, "cannot create a file in \(folder): \(error); set TMPDIR to another folder")
        }
    }

    /// With a name that nobody has, and nobody can foresee.
    private static func create(in folder: String) throws -> (path: String, FileDescriptor) {
        while true {
            let path = "\(folder)/connmix-durable-\(String(UInt64.random(in: .min ... .max), radix: 36)).json"
            do {
                let file = try FileDescriptor.open(
                    path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
                return (path, file)
            } catch Errno.fileExists {}
        }
    }

    func remove() {
        // SystemPackage removes no files.
        unlink(path)
    }
}
