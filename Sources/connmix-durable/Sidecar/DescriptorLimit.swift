import Glibc
import SystemPackage

/// How many files the process may have open.
///
/// A program that is started anew has 1,024 nearly everywhere, for the sake of old ones; the system would give it more.
enum DescriptorLimit {
    /// Pipes of a process and what watches its end, while it runs.
    static let perProcess = 4
    /// A worker's stdin is also looked at.
    static let perWorker = 5
    /// What a start needs for a moment, generously: others take some meanwhile.
    private static let room = 24

    private typealias Prlimit = @convention(c) (pid_t, Int32, UnsafePointer<rlimit>?, UnsafeMutablePointer<rlimit>?) -> Int32

    /// The limit as it was, raised with the first use.
    private static let inherited: rlimit? = {
        var limit = rlimit()
        guard getrlimit(kind, &limit) == 0 else { return nil }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        return setrlimit(kind, &raised) == 0 ? limit : nil
    }()

    private static var kind: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }

    /// From now on as many as the system gives.
    static func raise() {
        _ = inherited
    }

    /// How many there may be now.
    static var soft: Int {
        var limit = rlimit()
        guard getrlimit(kind, &limit) == 0 else { return .max }
        return Int(exactly: limit.rlim_cur) ?? .max
    }

    /// A handler gets the limit that we were started with: some programs make tables of that size. It may have looked already.
    static func restore(for process: Int32) {
        guard let inherited, inherited.rlim_cur != inherited.rlim_max, let prlimit else { return }
        var limit = inherited
        _ = prlimit(process, Int32(bitPattern: RLIMIT_NOFILE.rawValue), &limit, nil)
    }

    /// The C library has it, but Swift does not see it.
    private static let prlimit: Prlimit? = dlsym(nil, "prlimit").map { unsafeBitCast($0, to: Prlimit.self) }

    /// - Throws: `Failure` where so many processes cannot run at once.
    static func check(_ count: Int, within budget: DescriptorBudget, each: Int, _ what: String) throws {
        let (most, reserve) = (budget.most(each), budget.leastReserve)
        guard count > most else { return }
        let needed = count.multipliedReportingOverflow(by: each)
        guard !needed.overflow, needed.partialValue <= .max - reserve else { return }
        throw Failure(
            .usage,
            """
            --concurrency \(count) needs \(needed.partialValue + reserve) file descriptors (\(each) \(what) and \(reserve) for the \
            rest), and the limit is \(budget.limit); \(most > 0 ? "lower it to \(most), or " : "")raise the limit (ulimit -Hn, \
            LimitNOFILE= of systemd)
            """)
    }

    /// Why none can be started where they are used up.
    static var shortage: String { "no file descriptors are left of \(soft)" }

    /// Whether a process can be started now.
    static func hasRoom() -> Bool {
        var taken: [FileDescriptor] = []
        defer { for descriptor in taken { try? descriptor.close() } }
        for _ in 0..<room {
            guard let descriptor = try? FileDescriptor.open("/dev/null", .readOnly, options: .closeOnExec) else { return false }
            taken.append(descriptor)
        }
        return true
    }
}
