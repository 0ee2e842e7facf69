/// Where a center listens, and how it and its nodes are spoken to.
struct CenterAddress: Sendable, Hashable, CustomStringConvertible {
    let address: NodeAddress
    /// TLS for the center, and for the nodes' WebSockets.
    let isSecure: Bool
    /// For the center, and for the nodes that it lists.
    let credentials: Credentials?

    /// Reads `host`, `host:port`, the same after `http://` or `https://`, and with `user:password@` before the host.
    ///
    /// - Throws: `invalidConfiguration`, with the text and what is wrong with it; user and password are left out.
    init(_ text: String) throws(ConnmixError) {
        var rest = text[...]
        let scheme = rest.firstRange(of: "://").map { end in
            defer { rest = rest[end.upperBound...] }
            return rest[..<end.lowerBound].lowercased()
        }
        switch scheme {
        case nil, "http": isSecure = false
        case "https": isSecure = true
        case _?:
            throw ConnmixError(
                .invalidConfiguration, "the center \"\(Quoted.address(text))\" is neither http:// nor https://")
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        if let at = rest.lastIndex(of: "@") {
            let userinfo = rest[..<at]
            guard !userinfo.contains(where: { "/?#".contains($0) }) else {
                throw ConnmixError(
                    .invalidConfiguration,
                    "the user or the password of the center \"\(Quoted.address(text))\" has a character out of / ? #; "
                        + "write them as %2F, %3F, %23")
            }
            credentials = try Credentials(userinfo: userinfo)
            rest = rest[rest.index(after: at)...]
        } else {
            credentials = nil
        }
        address = try NodeAddress(String(rest), defaultPort: 6787)
    }

    /// Without user and password.
    var description: String { isSecure ? "https://\(address)" : "\(address)" }
}
