extension DevEngine {
    /// TLS on the ports of the center and of the nodes' API. End users' ports stay plain.
    public struct TLS: Sendable, Hashable {
        /// A PEM file with the certificate, and after it the chain to its authority.
        public var certificate: String
        /// A PEM file with its key.
        public var key: String
        /// A PEM file with the authorities whose certificates consumers have to show; nil asks for none.
        public var clientRoots: String?

        /// All by their paths. The files are read when the engine starts.
        public init(certificate: String, key: String, clientRoots: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.clientRoots = clientRoots
        }
    }

    /// What consumers have to send by HTTP Basic, to the center and to the nodes.
    public struct Credentials: Sendable, Hashable {
        /// The name, to the letter.
        public var user: String
        /// The password, to the letter.
        public var password: String

        /// Both in plain text.
        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }
}
