import Glibc

/// Where something is served that not everybody may have, and to whom.
struct ServedPlace: Sendable {
    /// How it is called on the command line, and what a stranger could do there.
    struct Words: Sendable {
        let flag: String
        let tokenFlag: String
        let danger: String

        static let listen = Words(flag: "--listen", tokenFlag: "--listen-token-file", danger: "take commands from")
        static let console = Words(flag: "--listen", tokenFlag: "--token-file", danger: "show messages to")
        static let consumersConsole = Words(flag: "--web", tokenFlag: "--web-token-file", danger: "show messages to")
    }

    let address: MetricsAddress
    let token: ListenToken?
    /// The token's file, where its mode lets every user of the machine read it.
    let openTokenFile: String?

    init(address: MetricsAddress, token: ListenToken?) {
        (self.address, self.token, openTokenFile) = (address, token, nil)
    }

    /// - Throws: `Failure` where everybody who reaches the address would be served.
    init(_ address: MetricsAddress, tokenFile: String?, _ words: Words) throws {
        self.address = address
        token = try tokenFile.map { try ListenToken.read($0, flag: words.tokenFlag) }
        openTokenFile = tokenFile.flatMap { Self.isOpen($0) ? $0 : nil }
        guard token != nil || address.isLoopback else {
            throw Failure(
                .usage,
                "\(words.flag) \(address.host):\(address.port) would \(words.danger) anybody who reaches it; name a token with \(words.tokenFlag), or listen on 127.0.0.1"
            )
        }
    }

    private static func isOpen(_ path: String) -> Bool {
        var facts = stat()
        return path != "-" && stat(path, &facts) == 0 && facts.st_mode & S_IROTH != 0
    }
}
