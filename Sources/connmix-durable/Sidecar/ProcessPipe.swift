import Glibc
import SystemPackage

/// A pipe to or from a child process. Neither end is handed down by accident.
struct ProcessPipe {
    let readEnd: FileDescriptor
    let writeEnd: FileDescriptor

    /// - Throws: where there are no descriptors left; none is lost then.
    static func make(_ count: Int) throws -> [ProcessPipe] {
        var pipes: [ProcessPipe] = []
        for _ in 0..<count {
            do {
                let (readEnd, writeEnd) = try FileDescriptor.pipe()
                // SystemPackage's pipes are handed down.
                for end in [readEnd, writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
                pipes.append(ProcessPipe(readEnd: readEnd, writeEnd: writeEnd))
            } catch {
                for pipe in pipes { pipe.close() }
                throw error
            }
        }
        return pipes
    }

    private func close() {
        try? readEnd.close()
        try? writeEnd.close()
    }
}
