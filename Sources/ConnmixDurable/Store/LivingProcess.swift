internal import Glibc

/// What can be told of another process by its number. Numbers are used again, and mean nothing across containers.
enum LivingProcess {
    /// Whether a process of that number lives here that may have done something at that time.
    ///
    /// - Parameter time: microseconds since 1970.
    static func mayHaveActed(_ pid: Int32, at time: Int64) -> Bool {
        guard pid > 0, kill(pid, 0) == 0 || errno == EPERM else { return false }
        // Without /proc nothing more is known.
        guard let (state, start) = facts(pid) else { return true }
        return state != UInt8(ascii: "Z") && state != UInt8(ascii: "X") && start <= time + tolerance
    }

    /// Of the kernel's and our own reading of the clock.
    private static let tolerance: Int64 = 2_000_000

    /// Its state, as a letter of proc(5), and when it began, in microseconds since 1970.
    private static func facts(_ pid: Int32) -> (state: UInt8, start: Int64)? {
        let file = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = read(file, &bytes, bytes.count)
        // The name stands in brackets and may hold anything.
        guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)..<count].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first, let ticks = Int64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        var sinceBoot = timespec()
        guard clock_gettime(CLOCK_BOOTTIME, &sinceBoot) == 0 else { return nil }
        let hertz = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let age = Int64(sinceBoot.tv_sec) * 1_000_000 + Int64(sinceBoot.tv_nsec) / 1_000 - ticks / hertz * 1_000_000
        return (state, Clock.now() - age)
    }
}
