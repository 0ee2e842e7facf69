internal import NIOCore
internal import NIOPosix

/// Asks the centers which nodes there are, and each node how far away it is. Pops nothing and sends no command. May be
/// used from any task.
public struct ClusterProbe: Sendable {
    /// What one center answered.
    public struct Center: Sendable {
        /// `host:port`, with `https://` before it where it is asked by TLS; without user and password.
        public let address: String
        /// The api versions it offers; empty where it did not answer.
        public let versions: [String]
        /// From the connect to the answer about its versions; `nil` where there is no answer that can be used.
        public let roundTrip: Duration?
        /// Why there is no answer, or none that can be used; `nil` where there is one.
        public let trouble: String?
    }

    /// What one node answered.
    public struct Node: Sendable {
        /// As the center lists it: new after each start of the node.
        public let id: String
        /// `host:port` as it was connected to, after `rewriteAddress`.
        public let address: String
        /// Until the WebSocket was open; `nil` where it never was.
        public let connected: Duration?
        /// From a ping to its pong; `nil` where no pong came.
        public let roundTrip: Duration?
        /// Why it cannot be used; `nil` where it can.
        public let trouble: String?
    }

    /// What all of them answered.
    public struct Report: Sendable {
        /// In the order in which they were named.
        public let centers: [Center]
        /// As the first center that answered lists them; `nil` where none did.
        public let nodes: [Node]?
        /// What that center lists beside them and a consumer leaves out, and why.
        public let skipped: [Skipped]
    }

    /// An entry of a center's list that a consumer leaves out.
    public struct Skipped: Sendable {
        /// `nil` where it has none that can be used.
        public let id: String?
        /// `host:port`; `nil` where it has none that can be used.
        public let address: String?
        /// Why it is left out, for people.
        public let reason: String
    }

    private let centers: [CenterAddress]
    private let tls: TLSClient?
    private let rewriting: AddressRewriting
    private let timeout: Duration

    /// A probe of centers. Nothing is asked before `run`.
    ///
    /// - Parameters:
    ///   - centers: as in ``ConsumerConfiguration/centers``, user and password included.
    ///   - tls: for centers that are `https://`, and their nodes.
    ///   - rewriteAddress: as in ``ConsumerConfiguration``.
    ///   - timeout: for each question to a center, for opening a node's WebSocket, and for its pong; 5 s by default.
    /// - Throws: `invalidConfiguration` where an address is none, or the files of `tls` cannot be used.
    public init(
        centers: [String], tls: TLSOptions = TLSOptions(),
        rewriteAddress: @escaping @Sendable (NodeAddress) -> NodeAddress = { $0 }, timeout: Duration = .seconds(5)
    ) throws {
        guard !centers.isEmpty else {
            throw ConnmixError(.invalidConfiguration, "no center is named; name one with --center")
        }
        self.centers = try centers.map { try CenterAddress($0) }
        self.tls = self.centers.contains(where: \.isSecure) ? try TLSClient(tls) : nil
        rewriting = AddressRewriting(rewrite: rewriteAddress)
        self.timeout = timeout
    }

    /// Asks all centers at once, then all nodes. It may be called any number of times.
    ///
    /// - Throws: what starting a thread for the network throws. What is wrong with a center or a node is in the report.
    public func run() async throws -> Report {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        var answers: [(center: Center, directory: Directory?)] = []
        var nodes: [Node]?
        var skipped: [Skipped] = []
        for asked in centers.map({ ask($0, loop) }) { answers.append(try await asked.get()) }
        if let first = answers.firstIndex(where: { $0.directory != nil }), let list = answers[first].directory {
            skipped = list.skipped.map { Skipped(id: $0.id, address: $0.address?.description, reason: $0.reason) }
            nodes = []
            for asked in list.nodes.map({ ask($0, of: centers[first], loop) }) { nodes?.append(try await asked.get()) }
        }
        try await group.shutdownGracefully()
        return Report(centers: answers.map(\.center), nodes: nodes, skipped: skipped)
    }

    /// Never fails: what goes wrong is in the answer.
    private func ask(
        _ center: CenterAddress, _ loop: any EventLoop
    ) -> EventLoopFuture<(center: Center, directory: Directory?)> {
        let client = CenterClient(loop: loop, tls: tls, timeout: timeout)
        let start = ContinuousClock.now
        return client.exchange("/version", center).flatMapThrowing { body in
            (versions: try DirectoryDecoder.versions(body), roundTrip: .now - start)
        }.flatMap { answer in
            client.exchange("/v1/nodes", center).flatMapThrowing { [rewriting] body in
                var found = rewriting.apply(to: try DirectoryDecoder.nodes(body))
                found.skipped += found.doubles
                return (
                    Center(
                        address: "\(center)", versions: answer.versions, roundTrip: answer.roundTrip,
                        trouble: Directory.trouble(found.skipped)),
                    found
                )
            }
        }.recover { error in
            (Center(address: "\(center)", versions: [], roundTrip: nil, trouble: error.brief), nil)
        }
    }

    private func ask(
        _ identity: NodeIdentity, of center: CenterAddress, _ loop: any EventLoop
    ) -> EventLoopFuture<Node> {
        let start = ContinuousClock.now
        let limit = TimeAmount.microseconds(timeout.microseconds)
        let connector = NodeConnector(
            loop: loop, tls: center.isSecure ? tls : nil, credentials: center.credentials, timeout: timeout)
        let pong = loop.makePromise(of: Duration.self)
        let opening = connector.connect(to: identity) { PongWatcher(pong) }
        opening.whenFailure { pong.fail($0) }
        return opening.flatMap { channel in
            let connected = ContinuousClock.now - start
            let timer = loop.scheduleTask(in: limit) {
                pong.fail(ConnmixError(.unreachable, "a WebSocket opened, and no pong came within \(timeout.text)"))
            }
            return pong.futureResult.map { (connected, $0, nil) }.recover { (connected, nil, $0.brief) }.always { _ in
                timer.cancel()
                channel.close(promise: nil)
            }
        }.recover { error in
            (nil, nil, error.brief)
        }.map { (connected: Duration?, roundTrip: Duration?, trouble: String?) in
            Node(
                id: identity.id, address: "\(identity.address)", connected: connected, roundTrip: roundTrip, trouble: trouble)
        }
    }
}
