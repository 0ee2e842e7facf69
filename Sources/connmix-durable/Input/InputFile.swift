import SystemPackage

/// Reads what a person names: a file, or stdin.
enum InputFile {
    /// The longest payload of an entry.
    static let payloadLimit = 64 << 20

    /// - Parameters:
    ///   - path: `-` is stdin.
    ///   - limit: longer input is refused, not cut.
    static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let isInput = path == "-"
        let file = isInput ? .standardInput : try open(path)
        defer { if !isInput { try? file.close() } }
        var bytes: [UInt8] = []
        while true {
            let piece = try piece(of: file, name(path), size: 65_536)
            if piece.isEmpty { return bytes }
            bytes += piece
            guard bytes.count <= limit else {
                throw Failure(.badData, "\(name(path)) has more than \(limit >> 20) MiB; give less")
            }
        }
    }

    /// - Throws: `Failure` with exit code 66 where there is none, 77 where it may not be read, 74 otherwise.
    static func open(_ path: String) throws -> FileDescriptor {
        do {
            return try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        } catch let error as Errno {
            let code: Exit =
                switch error {
                case .noSuchFileOrDirectory, .notDirectory: .noDatabase
                case .permissionDenied, .notPermitted: .noPermission
                default: .inputOutput
                }
            throw Failure(code, "cannot read \(path): \(error)")
        }
    }

    /// The next bytes; none at the end.
    static func piece(of file: FileDescriptor, _ name: String, size: Int) throws -> [UInt8] {
        do {
            return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        } catch let error as Errno {
            throw Failure(.inputOutput, "cannot read \(name): \(error)")
        }
    }

    static func name(_ path: String) -> String { path == "-" ? "stdin" : path }
}
