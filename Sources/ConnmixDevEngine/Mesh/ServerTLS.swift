import NIOCore
import NIOSSL

/// Makes the TLS of accepted sockets.
struct ServerTLS: Sendable {
    private let context: NIOSSLContext

    init(_ tls: DevEngine.TLS) throws(DevEngineError) {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map { NIOSSLCertificateSource.certificate($0) }
            let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(key))
            if let roots = tls.clientRoots {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(roots))
                configuration.certificateVerification = .noHostnameVerification
            }
            self.context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw DevEngineError(.invalidConfiguration, "the certificate \(tls.certificate) cannot be used: \(error)")
        }
    }

    func makeHandler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: self.context) }
}
