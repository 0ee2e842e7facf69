internal import Glibc

/// Who is recorded with an action.
enum OperatorName {
    /// The operating-system user and the process.
    static var current: String {
        let user = getuid()
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer -> String? in
            guard let base = buffer.baseAddress, getpwuid_r(user, &record, base, buffer.count, &found) == 0,
                let name = found?.pointee.pw_name
            else { return nil }
            return String(cString: name)
        }
        return "\(name ?? "user \(user)") (process \(getpid()))"
    }
}
