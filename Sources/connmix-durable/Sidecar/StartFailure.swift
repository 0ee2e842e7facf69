import Glibc
import Subprocess
import SystemPackage

/// A process could not be started: that says nothing of the message, which waits.
struct StartFailure: Error {
    let reason: String

    init(reason: String) {
        self.reason = reason
    }

    /// - Parameter path: the program's.
    init(_ error: SubprocessError, of path: String) {
        switch error.code {
        case .executableNotFound: reason = Self.whyNotFound(path)
        default:
            switch error.underlyingError {
            case let number? where number.rawValue == ENOEXEC:
                reason = "\(path) is nothing that can be run; a script begins with a line such as #!/bin/sh"
            case let number?: reason = "\(number)"
            case nil: reason = "\(error)"
            }
        }
    }

    /// Subprocess says the same of a file that is not there, one that may not be run, and one whose interpreter is missing.
    private static func whyNotFound(_ path: String) -> String {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return "\(path): \(String(cString: strerror(errno)))" }
        guard access(path, X_OK) == 0 else { return "\(path): \(String(cString: strerror(errno)))" }
        return "\(path) is there, but not what its first line names to run it"
    }
}
