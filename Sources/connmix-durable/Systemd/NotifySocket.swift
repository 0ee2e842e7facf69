import Glibc

/// Where the service manager listens, as sd_notify(3) has it: `$NOTIFY_SOCKET` names a datagram socket, by path or, behind `@`, abstract.
///
/// Written here and not taken from libsystemd, so that the program runs where there is none.
struct NotifySocket: Sendable {
    /// Without them a child cannot speak for us.
    static let variables = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]

    private let name: [UInt8]

    /// - Returns: `nil` where the name is none that can be reached.
    init?(_ name: String) {
        var bytes = Array(name.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), bytes.count > 1,
            bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        else { return nil }
        if first == UInt8(ascii: "@") { bytes[0] = 0 }
        self.name = bytes
    }

    /// The one of this process.
    static let ours: Self? = DatabaseOptions.environment("NOTIFY_SOCKET").flatMap { Self($0) }

    /// How long the service manager waits for a sign of life; `nil` where it does not.
    static var watchdog: Duration? {
        if let pid = DatabaseOptions.environment("WATCHDOG_PID"), Int32(pid) != getpid() { return nil }
        guard let text = DatabaseOptions.environment("WATCHDOG_USEC"), let time = Int64(text), time > 0 else { return nil }
        return .microseconds(time)
    }

    /// - Returns: whether it was taken. One that is full does not hold us up.
    @discardableResult
    func send(_ text: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + name.count } ?? 0
        let bytes = Array(text.utf8)
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0, socklen_t(length))
            }
        } == bytes.count
    }
}
