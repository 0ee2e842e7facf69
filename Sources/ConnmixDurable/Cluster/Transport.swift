internal import NIOCore
internal import NIOSSL

extension ChannelPipeline.SynchronousOperations {
    /// What stands between the socket and HTTP: TLS or nothing, and a handler that says in words what fails there.
    func addTransport(to peer: Peer, tls: TLSClient?) throws {
        if let tls {
            try addHandler(tls.makeHandler(host: peer.address.host))
            try addHandler(TLSFaultHandler(peer))
        } else {
            try addHandler(PlainFaultHandler(peer))
        }
    }
}

/// Turns the errors of TLS into a `ConnmixError` that tells what is wrong and what to do.
private final class TLSFaultHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let peer: Peer

    init(_ peer: Peer) {
        self.peer = peer
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            let shown = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
            let validity = shown.map { Peer.Validity(from: Int64($0.notValidBefore), until: Int64($0.notValidAfter)) }
            context.fireErrorCaught(peer.tlsFailed("\(error)", certificate: validity, now: Clock.now() / 1_000_000))
        default:
            context.fireErrorCaught(error)
        }
    }
}

/// Looks at the first byte: no HTTP answer begins like a TLS alert or handshake.
private final class PlainFaultHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let peer: Peer

    init(_ peer: Peer) {
        self.peer = peer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data).readableBytesView.first {
        case 0x15?, 0x16?:
            context.fireErrorCaught(peer.speaksTLS)
            context.close(promise: nil)
        case nil, _?:
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }
}
