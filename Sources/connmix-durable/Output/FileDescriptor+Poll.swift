import Glibc
import SystemPackage

/// SystemPackage does not wait for descriptors.
extension FileDescriptor {
    /// Waits until there is something to read, or the end.
    ///
    /// - Returns: whether there is.
    func isReadable(within limit: Duration) -> Bool { poll(POLLIN, within: limit) != nil }

    /// Waits until it takes bytes, or never will again.
    func isWritable(within limit: Duration?) -> Bool { poll(POLLOUT, within: limit) != nil }

    /// Whether nobody is at the other end any more.
    var isHungUp: Bool { poll(0, within: .zero).map { $0 & (POLLERR | POLLHUP) != 0 } ?? false }

    /// - Parameter limit: `nil` for ever.
    /// - Returns: what has come; `nil` where nothing has, or a signal came first.
    private func poll(_ wanted: Int32, within limit: Duration?) -> Int32? {
        var descriptor = pollfd(fd: rawValue, events: Int16(wanted), revents: 0)
        let milliseconds = limit.map { Int32(max(0, $0 / .milliseconds(1))) } ?? -1
        return Glibc.poll(&descriptor, 1, milliseconds) > 0 ? Int32(descriptor.revents) : nil
    }
}
