internal import FoundationEssentials
internal import Glibc

/// What the kernel says of a process.
public struct ProcessFacts: Sendable, Hashable {
    public var residentKiB: Int
    public var descriptors: Int
    public var threads: Int

    /// Nil where it has ended.
    public init?(of pid: Int32) {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count,
            let resident = Self.number("VmRSS:", in: status), let threads = Self.number("Threads:", in: status)
        else { return nil }
        (residentKiB, self.descriptors, self.threads) = (resident, descriptors, threads)
    }

    private static func number(_ name: String, in status: String) -> Int? {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
    }
}

/// Bytes of a file; 0 where there is none.
public func bytes(of path: String) -> Int {
    var facts = stat()
    return stat(path, &facts) == 0 ? Int(facts.st_size) : 0
}
