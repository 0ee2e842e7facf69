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
        return "\(name ?? "user \(user)")\(mark)\(getpid()))"
    }

    private static let mark = " (process "

    /// The process of a name that was made here; `nil` where somebody gave another one.
    static func process(of actor: String) -> Int32? {
        guard actor.hasSuffix(")"), let place = actor.ranges(of: mark).last else { return nil }
        return Int32(actor[place.upperBound...].dropLast())
    }
}
