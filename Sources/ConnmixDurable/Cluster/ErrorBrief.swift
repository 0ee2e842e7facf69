internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

extension Error {
    /// The error in a few words, for a line that already says what was tried. It may quote what a peer sent, so it is bounded.
    var brief: String { words.bounded(toBytes: 500) }

    private var words: String {
        switch self {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { $0.error.brief }
                ?? (error.dnsAError ?? error.dnsAAAAError).map { "no such host (\($0))" } ?? "no address"
        // NIO's own text tells of its functions, too.
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as ChannelError:
            if case .connectTimeout = error { "no connection in time" } else { "\(error)" }
        case let error as ConnmixError: error.message
        case let error as NameLookup.Failure: error.description
        case let error as NIOHTTPClientUpgradeError where error == .upgraderDeniedUpgrade:
            "its Sec-WebSocket-Accept does not fit the question"
        case let error as NIOHTTPClientUpgradeError where error == .responseProtocolNotFound:
            "it does not say Upgrade: websocket"
        default: FrameFault(self)?.description ?? Quoted.bounded("\(self)", limit: 300)
        }
    }
}
