/// A center or a node, as far as it must be known to say why it cannot be talked to. Pure.
struct Peer: Sendable {
    /// How it is called in messages.
    let name: String
    let address: NodeAddress
    let isSecure: Bool
    let hasCredentials: Bool

    init(_ center: CenterAddress) {
        name = "the center at \(center)"
        address = center.address
        isSecure = center.isSecure
        hasCredentials = center.credentials != nil
    }

    init(node address: NodeAddress, isSecure: Bool, hasCredentials: Bool) {
        name = "\(address)"
        self.address = address
        self.isSecure = isSecure
        self.hasCredentials = hasCredentials
    }

    /// The dates of a certificate, in seconds since 1970.
    struct Validity: Sendable {
        var from: Int64
        var until: Int64
    }

    func fault(_ what: String) -> ConnmixError { ConnmixError(.unreachable, "\(name) \(what)") }

    func timedOut(_ what: String, after limit: Duration) -> ConnmixError { fault("did not \(what) within \(limit.text)") }

    /// A status that is not the wanted one.
    func answered(status: UInt, to what: String) -> ConnmixError {
        switch status {
        case 401 where hasCredentials, 403 where hasCredentials:
            fault("refused the user and password of the center's address (status \(status) to \(what))")
        case 401, 403:
            fault(
                "answered \(what) with status \(status): it asks for a user and password; write them into the center's address, "
                    + "http://USER:PASSWORD@host:port")
        // Go's servers answer so where they expect TLS.
        case 400 where !isSecure:
            fault("answered \(what) with status 400; if it wants TLS, write https:// before the center's address")
        default:
            fault("answered \(what) with status \(status)")
        }
    }

    func closed(before what: String) -> ConnmixError {
        fault(
            isSecure
                ? "closed the connection before \(what)"
                : "closed the connection before \(what); if it wants TLS, write https:// before the center's address")
    }

    /// TLS came where plain HTTP was expected.
    var speaksTLS: ConnmixError { fault("speaks TLS; write https:// before the center's address") }

    /// - Parameters:
    ///   - error: BoringSSL's words.
    ///   - certificate: the dates of what the peer has shown, if it has.
    ///   - now: in seconds since 1970.
    func tlsFailed(_ error: String, certificate: Validity?, now: Int64) -> ConnmixError {
        func says(_ words: String...) -> Bool { words.contains { error.contains($0) } }
        let day: Int64 = 86_400
        if says("CERTIFICATE_VERIFY_FAILED") {
            if let certificate, certificate.until < now {
                return fault("has a certificate that expired \((now - certificate.until) / day) days ago")
            }
            if let certificate, certificate.from > now {
                return fault(
                    "has a certificate that is not valid for another \((certificate.from - now) / day + 1) days; is the clock right?"
                )
            }
            return fault(
                "has a certificate that no trusted authority signed; name its authority's PEM file (--ca, tls.trustRoots)")
        }
        if says("failedToValidateHostname") { return fault("has a certificate for another name than \(address.host)") }
        if says("WRONG_VERSION_NUMBER", "HTTP_REQUEST") {
            return fault("does not speak TLS; if it is plain HTTP, write http:// before the center's address")
        }
        if says("CERTIFICATE_REQUIRED") {
            return fault("asks for a client certificate; name one (tls.clientCertificate)")
        }
        if says("ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE", "ALERT_UNSUPPORTED_CERTIFICATE") {
            return fault("does not accept the client certificate")
        }
        if says("EOF during handshake") { return fault("closed the connection during the TLS handshake; does it speak TLS?") }
        if says("uncleanShutdown") { return fault("cut the connection off") }
        return fault("failed in TLS: \(error.bounded(toBytes: 300))")
    }
}
