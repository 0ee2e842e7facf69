import Glibc
import NIOCore
import NIOPosix

/// Why a connection did not come about, in words.
enum SocketTrouble {
    static func words(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { words($0.error) } ?? (error.dnsAError ?? error.dnsAAAAError).map { words($0) }
                ?? "no address is known for \(error.host)"
        case let error as SocketAddressError:
            switch error {
            case .unknown(let host, _): "no address is known for \(host)"
            default: "\(error)"
            }
        case ChannelError.connectTimeout: "no answer in time"
        case ChannelError.eof, ChannelError.inputClosed: "it closed the connection"
        default: "\(error)"
        }
    }
}
