/// Where a center or a node listens.
public struct NodeAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name or an IP address; one of IPv6 without its brackets.
    public let host: String
    /// 1 to 65535 where it was read from text.
    public let port: Int

    /// An address by its parts. Nothing is checked.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host`, `host:port`, `[ipv6]:port` and the same after `http://`.
    ///
    /// - Throws: `invalidConfiguration`, with the text and what is wrong with it.
    public init(_ text: String, defaultPort: Int? = nil) throws(ConnmixError) {
        func invalid(_ why: String) -> ConnmixError {
            ConnmixError(
                .invalidConfiguration, "\"\(Quoted.address(text))\" is no address: \(why); write host:port")
        }
        guard text.utf8.count <= 1_024 else { throw invalid("it has more than 1024 bytes") }
        var rest = text[...]
        if rest.hasPrefix("http://") {
            rest = rest.dropFirst("http://".count)
            if rest.hasSuffix("/") { rest = rest.dropLast() }
        }
        if rest.contains("://") { throw invalid("only http:// may stand before it") }
        if rest.contains("@") { throw invalid("only centers take a user and a password") }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw invalid("it has spaces or special characters") }
        guard !rest.contains("/") else { throw invalid("it has a path") }

        var hostText: Substring
        var portText: Substring?
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { throw invalid("the bracket is not closed") }
            hostText = rest[rest.index(after: rest.startIndex)..<end]
            let after = rest[rest.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { throw invalid("there is text after the bracket") }
            portText = after.isEmpty ? nil : after.dropFirst()
        } else {
            let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { throw invalid("it has more than one colon") }
            hostText = parts[0]
            portText = parts.count == 2 ? parts[1] : nil
        }
        guard !hostText.isEmpty else { throw invalid("the host is missing") }
        guard !hostText.contains(where: { $0 == "[" || $0 == "]" }) else { throw invalid("the host has a bracket") }
        guard hostText.utf8.count <= 255 else { throw invalid("the host has more than 255 bytes") }
        guard let portText else {
            guard let defaultPort else { throw invalid("the port is missing") }
            self.init(host: String(hostText), port: defaultPort)
            return
        }
        guard let port = Int(portText), (1...65_535).contains(port) else { throw invalid("the port is not 1 to 65535") }
        self.init(host: String(hostText), port: port)
    }

    /// `host:port`, with brackets around an address of IPv6. `init(_:defaultPort:)` reads it back.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
