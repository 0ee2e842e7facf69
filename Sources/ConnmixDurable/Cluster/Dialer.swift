package import NIOCore
internal import NIOPosix

/// An event loop with a network of its own in place of the machine's sockets.
package protocol NetworkLoop: EventLoop {
    /// - Parameter initialize: called with the channel before it is connected.
    func connect(
        to address: NodeAddress, within limit: TimeAmount,
        _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<any Channel>
}

/// Connects to a host: an IP address at once, a name once it is looked up; both within one time limit.
struct Dialer: Sendable {
    let loop: any EventLoop
    var names = NameLookup.shared

    func connect(
        to address: NodeAddress, within limit: TimeAmount,
        _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<any Channel> {
        if let network = loop as? any NetworkLoop { return network.connect(to: address, within: limit, initialize) }
        if let literal = try? SocketAddress(ipAddress: address.host, port: address.port) {
            return bootstrap(limit, initialize).connect(to: literal)
        }
        let deadline = NIODeadline.now() + limit
        return names.addresses(of: address.host, within: limit, on: loop).flatMap { found in
            bootstrap(max(.milliseconds(1), deadline - .now()), initialize)
                .resolver(Found(loop: loop, port: address.port, addresses: found))
                .connect(host: address.host, port: address.port)
        }
    }

    private func bootstrap(
        _ limit: TimeAmount, _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> ClientBootstrap {
        ClientBootstrap(group: loop).connectTimeout(limit).channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer(initialize)
    }

    /// Answers with what is known already, so that NIO tries all addresses by the rules of RFC 8305.
    private struct Found: Resolver, Sendable {
        let loop: any EventLoop
        let port: Int
        let addresses: [SocketAddress]

        func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { answer(of: .inet) }
        func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { answer(of: .inet6) }
        func cancelQueries() {}

        private func answer(of family: NIOBSDSocket.ProtocolFamily) -> EventLoopFuture<[SocketAddress]> {
            let fitting = addresses.filter { $0.protocol == family }
            return loop.makeSucceededFuture(
                fitting.map { address in
                    var address = address
                    address.port = port
                    return address
                })
        }
    }
}
