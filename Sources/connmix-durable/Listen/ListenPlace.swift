/// Where `--listen` listens, and for whom.
struct ListenPlace: Sendable {
    let address: MetricsAddress
    let token: ListenToken?

    /// - Throws: `Failure` where everybody who reaches the address could push.
    init(_ address: MetricsAddress, tokenFile: String?) throws {
        self.address = address
        token = try tokenFile.map { try ListenToken.read($0) }
        guard token != nil || address.isLoopback else {
            throw Failure(
                .usage,
                "--listen \(address.host):\(address.port) would take commands from anybody who reaches it; name a token with --listen-token-file, or listen on 127.0.0.1"
            )
        }
    }
}
