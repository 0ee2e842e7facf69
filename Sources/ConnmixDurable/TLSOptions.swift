/// How `https` centers and their nodes are trusted.
///
/// Certificates are always checked: who signed them, their dates, and their names (the host as it is connected to, after
/// rewriting). The files are read once, when the consumer starts.
public struct TLSOptions: Sendable {
    /// A certificate to show to engines that ask for one.
    public struct ClientCertificate: Sendable {
        /// The path of a PEM file with the certificate, and after it the chain to its authority.
        public var certificate: String
        /// The path of a PEM file with its key, not encrypted.
        public var key: String

        /// Both by their paths. Nothing is read yet.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The path of a PEM file with the authorities to trust, in place of the system's.
    public var trustRoots: String?
    /// What this consumer shows of itself; `nil`: nothing.
    public var clientCertificate: ClientCertificate?

    /// The defaults trust the system's authorities and show nothing.
    public init(trustRoots: String? = nil, clientCertificate: ClientCertificate? = nil) {
        self.trustRoots = trustRoots
        self.clientCertificate = clientCertificate
    }

    var isDefault: Bool { trustRoots == nil && clientCertificate == nil }
}
