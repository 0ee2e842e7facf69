import ArgumentParser
import ConnmixDurable

/// `FROM=TO` of `--rewrite`: where nodes are reached that name themselves by an address of their own network.
struct RewriteRule: ExpressibleByArgument, Equatable {
    /// `nil` is any host.
    private let host: String?
    /// `nil` is any port.
    private let port: Int?
    private let target: (host: String, port: Int?)

    init?(argument: String) {
        guard let sign = argument.firstIndex(of: "="),
            let target = Self.read(argument[argument.index(after: sign)...]), target.host != "*",
            let source = Self.read(argument[..<sign])
        else { return nil }
        guard source.host != "*" || source.port == nil else { return nil }
        host = source.host == "*" ? nil : source.host
        port = source.port
        self.target = target
    }

    private static func read(_ text: Substring) -> (host: String, port: Int?)? {
        // 0 is no port that could be written.
        guard let address = try? NodeAddress(String(text), defaultPort: 0) else { return nil }
        return (address.host, address.port == 0 ? nil : address.port)
    }

    static func == (one: Self, other: Self) -> Bool {
        one.host == other.host && one.port == other.port && one.target == other.target
    }

    /// `nil` where it is not about this address.
    private func apply(to address: NodeAddress) -> NodeAddress? {
        guard host ?? address.host == address.host, port ?? address.port == address.port else { return nil }
        return NodeAddress(host: target.host, port: target.port ?? address.port)
    }

    /// The narrowest rule that fits: `host:port`, else `host`, else `*`; of equal ones the first.
    static func rewrite(_ address: NodeAddress, by rules: [RewriteRule]) -> NodeAddress {
        let widths: [(RewriteRule) -> Bool] = [{ $0.port != nil }, { $0.host != nil && $0.port == nil }, { $0.host == nil }]
        for isOfWidth in widths {
            for rule in rules where isOfWidth(rule) {
                if let rewritten = rule.apply(to: address) { return rewritten }
            }
        }
        return address
    }
}
