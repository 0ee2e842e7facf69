internal import Glibc

/// What the operating system answered to a call, mapped once to what people and programs are told.
struct SystemError {
    let number: Int32

    /// - Parameter number: by default that of the last call on this thread that failed. Take it before anything else is called.
    init(_ number: Int32 = errno) {
        self.number = number
    }

    /// The system's own words.
    var text: String { String(cString: strerror(number)) }

    var code: ConnmixError.Code {
        switch number {
        case EACCES, EPERM, EROFS: .noPermission
        case ENOSPC, EDQUOT: .diskFull
        case EIO: .inputOutput
        default: .cannotCreate
        }
    }
}
