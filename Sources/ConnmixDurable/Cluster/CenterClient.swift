internal import NIOCore

/// Asks a center, over a connection per question: two small GET requests every ten seconds.
struct CenterClient: Sendable {
    let loop: any EventLoop
    /// For `https` centers.
    var tls: TLSClient?
    /// One limit for connecting, TLS, asking and reading the answer together.
    var timeout: Duration = .seconds(5)
    var names = NameLookup.shared

    /// The future fails with a `ConnmixError`.
    func exchange(_ path: String, _ center: CenterAddress) -> EventLoopFuture<[UInt8]> {
        let peer = Peer(center)
        let call = HTTPCall(
            loop: loop, peer: peer, tls: center.isSecure ? tls : nil, credentials: center.credentials, timeout: timeout,
            names: names)
        return call.perform(path).flatMapErrorThrowing { error in
            throw (error as? HTTPCall.Failure)?.error ?? error
        }.flatMapThrowing { answer in
            guard answer.status == 200 else { throw peer.answered(status: answer.status, to: "GET \(path)") }
            return Array(answer.body.readableBytesView)
        }
    }

    /// What the center lists, where it offers the api that nodes are talked to in. The future fails with a `ConnmixError`.
    func directory(_ center: CenterAddress) -> EventLoopFuture<Directory> {
        exchange("/version", center).flatMapThrowing { body in
            let versions = try DirectoryDecoder.versions(body)
            guard versions.contains("v1") else {
                let offered = Quoted.text(versions.joined(separator: ", "), limit: 100)
                throw ConnmixError(.unreachable, "the center at \(center) offers api \(offered) and not v1")
            }
        }.flatMap {
            exchange("/v1/nodes", center)
        }.flatMapThrowing { body in
            try DirectoryDecoder.nodes(body)
        }
    }
}
