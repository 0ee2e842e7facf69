import Glibc
import Synchronization
import SystemPackage

/// How much of what was written to a worker's stdin it has not read: what it has not read it has not begun.
///
/// The pipe and its bytes live as long as anybody holds an end, so one is held here beyond the process's own end. First that is an
/// end to write to, so that a worker that closes its stdin is noticed; once our stdin is to end it is one to read from.
final class UnreadInput: Sendable {
    private let descriptor: Mutex<FileDescriptor?>

    init(_ writeEnd: FileDescriptor) {
        // SystemPackage copies no descriptor so that a child does not get it.
        let copy = fcntl(writeEnd.rawValue, F_DUPFD_CLOEXEC, 3)
        descriptor = Mutex(copy < 0 ? nil : FileDescriptor(rawValue: copy))
    }

    deinit {
        close()
    }

    /// Nothing is known any more.
    func close() {
        descriptor.withLock { descriptor in
            if let last = descriptor.take() { try? last.close() }
        }
    }

    /// Before our end of the stdin is closed: the process must see the end.
    func inputEnds() {
        descriptor.withLock { descriptor in
            guard let writeEnd = descriptor else { return }
            // Without /proc nothing is known of what was read.
            descriptor = try? FileDescriptor.open(
                "/proc/self/fd/\(writeEnd.rawValue)", .readOnly, options: [.nonBlocking, .closeOnExec])
            try? writeEnd.close()
        }
    }

    /// - Returns: `nil` where that is not known.
    var count: Int? {
        descriptor.withLock { descriptor in
            guard let descriptor else { return nil }
            var count: Int32 = 0
            return ioctl(descriptor.rawValue, UInt(FIONREAD), &count) == 0 ? Int(count) : nil
        }
    }
}
