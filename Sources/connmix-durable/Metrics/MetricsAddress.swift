import ArgumentParser

/// `HOST:PORT`; without a host the loopback.
struct MetricsAddress: ExpressibleByArgument, Equatable, CustomStringConvertible {
    let host: String
    let port: Int

    var description: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// Nobody on another machine reaches it.
    var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" || host == "localhost" }

    init(host: String, port: Int) {
        (self.host, self.port) = (host, port)
    }

    init?(argument: String) {
        var (host, port) = (argument[...], argument[...])
        if let colon = argument.lastIndex(of: ":") {
            host = argument[..<colon]
            port = argument[argument.index(after: colon)...]
        } else {
            host = ""
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let number = Int(port), (0...65_535).contains(number), host.allSatisfy({ $0.isASCII && $0 > " " }) else {
            return nil
        }
        self.host = host.isEmpty ? "127.0.0.1" : String(host)
        self.port = number
    }
}
