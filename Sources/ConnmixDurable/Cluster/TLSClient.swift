internal import NIOCore
internal import NIOSSL

/// The TLS of connections to centers and nodes.
struct TLSClient: Sendable {
    private let context: NIOSSLContext

    /// Reads the files.
    ///
    /// - Throws: `invalidConfiguration`, naming the file.
    init(_ options: TLSOptions) throws(ConnmixError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        // A goodbye is a courtesy, and a dead peer does not return it.
        configuration.shutdownTimeout = .seconds(1)
        if let path = options.trustRoots {
            configuration.trustRoots = .certificates(try Self.certificates(PEMFile.read(path), of: path))
        }
        if let own = options.clientCertificate {
            let chain = try Self.certificates(PEMFile.read(own.certificate), of: own.certificate)
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(PEMFile.read(own.key), of: own.key))
        }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw ConnmixError(
                .invalidConfiguration, "TLS cannot be set up; do the client's certificate and key belong together? (\(error))")
        }
    }

    static func certificates(_ text: [UInt8], of path: String) throws(ConnmixError) -> [NIOSSLCertificate] {
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(text)
            if !certificates.isEmpty { return certificates }
        } catch {
            let reason = Quoted.bounded("\(error)", limit: 200)
            throw ConnmixError(.invalidConfiguration, "\(path) has no certificate in PEM form that can be read: \(reason)")
        }
        throw ConnmixError(.invalidConfiguration, "\(path) has no certificate in PEM form")
    }

    static func key(_ text: [UInt8], of path: String) throws(ConnmixError) -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(bytes: text, format: .pem)
        } catch {
            // Never the key itself: the error has BoringSSL's words only.
            let reason = Quoted.bounded("\(error)", limit: 200)
            throw ConnmixError(
                .invalidConfiguration, "\(path) has no key that can be read; it must be PEM and not encrypted: \(reason)")
        }
    }

    /// A name goes out as SNI and is looked for in the certificate. An IP address may not be SNI (RFC 6066, section 3): the
    /// certificate must name the one that is connected to.
    func makeHandler(host: String) throws -> NIOSSLClientHandler {
        let isIP = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isIP ? nil : host)
    }
}
