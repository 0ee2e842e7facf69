/// `host:port` of something without TLS, with or without its scheme before it.
struct HostAndPort {
    let host: String
    let port: Int
    /// What follows, from its `/` on.
    let path: String

    /// - Parameter scheme: such as `http://`.
    init?(_ text: String, scheme: String) {
        var rest = text[...]
        if rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
        } else if rest.contains("://") {
            return nil
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        path = String(rest[authority.endIndex...])
        guard let colon = authority.lastIndex(of: ":"), let port = Int(authority[authority.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var host = authority[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !host.contains("@"), host.allSatisfy({ !$0.isWhitespace }) else { return nil }
        (self.host, self.port) = (String(host), port)
    }
}
