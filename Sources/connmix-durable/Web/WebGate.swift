import NIOHTTP1

/// Who may ask the console for what, by the heads of requests alone. Pure.
///
/// A browser that is on another site must not read or change anything in its user's name: it asks under a name of this server
/// (against names that are made to point here), sends what it changes as JSON (which no form can), and from the page itself.
struct WebGate: Sendable {
    let place: ServedPlace
    let allowsChanges: Bool

    /// - Throws: why it is refused.
    func check(_ request: HTTPService.Request) throws(WebRefusal) {
        let host = request.headers.first(name: "Host") ?? ""
        if place.token == nil, !isOurs(host) {
            throw WebRefusal(
                status: .forbidden,
                reason: "without a token the console is served to this machine only, by its own name; see --token-file")
        }
        if let origin = request.headers.first(name: "Origin"), Self.authority(of: origin) != host {
            throw WebRefusal(status: .forbidden, reason: "another site's page may not ask here")
        }
        // Browsers say where a request comes from, also one that has no Origin, as that of an image.
        if let site = request.headers.first(name: "Sec-Fetch-Site"), site != "same-origin", site != "none",
            WebAsset(path: request.path) == nil
        {
            throw WebRefusal(status: .forbidden, reason: "another site's page may not ask here")
        }
        guard WebAsset(path: request.path) == nil else {
            guard request.method == .GET || request.method == .HEAD else { throw Self.wrongMethod("GET") }
            return
        }
        if let token = place.token {
            if let problem = token.problem(in: request.headers.first(name: "Authorization")) {
                throw WebRefusal(status: .unauthorized, reason: problem, headers: ["WWW-Authenticate": "Bearer"])
            }
        }
        guard request.method == .POST else { return }
        guard allowsChanges else {
            throw WebRefusal(status: .forbidden, reason: "this console only shows; start it with --allow-changes")
        }
        let type = request.headers.first(name: "Content-Type") ?? ""
        guard type.prefix(while: { $0 != ";" }).lowercased() == "application/json" else {
            throw WebRefusal(status: .unsupportedMediaType, reason: "changes are asked for as application/json")
        }
    }

    static func wrongMethod(_ method: String) -> WebRefusal {
        WebRefusal(status: .methodNotAllowed, reason: "this is asked for with \(method)", headers: ["Allow": method])
    }

    /// Whether a host's name is one that only leads to this machine, or where the server was told to listen.
    private func isOurs(_ host: String) -> Bool {
        guard !host.isEmpty, !host.hasPrefix(":"),
            let named = MetricsAddress(argument: host.contains(":") && !host.hasSuffix("]") ? host : host + ":0")
        else { return false }
        let name = named.host.lowercased()
        return name == "localhost" || name == "::1" || name == place.address.host.lowercased() || Self.isLoopback(name)
    }

    /// `127.` and three numbers, and not a name that begins so.
    private static func isLoopback(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// `host:port` of `https://host:port`.
    private static func authority(of origin: String) -> String {
        origin.firstRange(of: "://").map { String(origin[$0.upperBound...]) } ?? ""
    }
}
