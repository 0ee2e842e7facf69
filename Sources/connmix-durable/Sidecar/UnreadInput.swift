import Glibc
import Synchronization
import SystemPackage

/// How much of what was written to a worker's stdin it has not read: what it has not read it has not begun.
///
/// The pipe and its bytes live as long as anybody holds an end, so one is held here beyond the process's own end. First that is an
/// end to write to, so that a worker that closes its stdin is noticed; once our stdin is to end it is one to read from.
final class UnreadInput: Sendable {
    private let descriptor: Mutex<Int32?>

    init(_ writeEnd: FileDescriptor) {
        let copy = fcntl(writeEnd.rawValue, F_DUPFD_CLOEXEC, 3)
        descriptor = Mutex(copy < 0 ? nil : copy)
    }

    deinit {
        close()
    }

    /// Nothing is known any more.
    func close() {
        descriptor.withLock { descriptor in
            if let last = descriptor.take() { Glibc.close(last) }
        }
    }

    /// Before our end of the stdin is closed: the process must see the end.
    func inputEnds() {
        descriptor.withLock { descriptor in
            guard let writeEnd = descriptor else { return }
            // Without /proc nothing is known of what was read.
            let readEnd = open("/proc/self/fd/\(writeEnd)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            descriptor = readEnd < 0 ? nil : readEnd
            Glibc.close(writeEnd)
        }
    }

    /// - Returns: `nil` where that is not known.
    var count: Int? {
        descriptor.withLock { descriptor in
            guard let descriptor else { return nil }
            var count: Int32 = 0
            return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : nil
        }
    }
}
