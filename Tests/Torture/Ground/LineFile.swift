internal import FoundationEssentials
internal import Glibc

/// A file that lines are added to, each at once, so that it is complete whenever somebody looks.
final class LineFile: Sendable {
    struct Failure: Error {}

    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure() }
    }

    deinit {
        close(descriptor)
    }

    func write(_ line: String) throws {
        guard Glibc.write(descriptor, line, line.utf8.count) == line.utf8.count else { throw Failure() }
    }
}
