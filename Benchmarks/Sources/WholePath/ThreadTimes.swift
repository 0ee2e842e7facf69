import Glibc

/// The CPU time of this process's threads so far, in microseconds, by what they do.
struct ThreadTimes {
    private(set) var writer = 0
    private(set) var loop = 0
    /// Handlers, and whatever has no name of its own.
    private(set) var rest = 0

    init() {
        guard let folder = opendir("/proc/self/task") else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard Int(name) != nil, let text = Self.text("/proc/self/task/\(name)/stat") else { continue }
            add(stat: text)
        }
    }

    /// The thread's name stands in brackets, and after it, in the 12th and 13th field, its time as user and in the kernel.
    private mutating func add(stat: String) {
        guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")") else { return }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 12, let user = Int(fields[11]), let kernel = Int(fields[12]) else { return }
        let time = (user + kernel) * 1_000_000 / sysconf(Int32(_SC_CLK_TCK))
        switch stat[stat.index(after: open)..<close] {
        case "connmix-writer": writer += time
        case let name where name.hasPrefix("NIO-ELT"): loop += time
        default: rest += time
        }
    }

    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = read(file, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
