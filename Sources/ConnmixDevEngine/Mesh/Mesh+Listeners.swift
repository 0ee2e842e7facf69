import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// What an accepted socket is for.
enum Port: Sendable {
    case center
    case api(Int)
    case chat(Int)
}

extension Mesh {
    func bind(_ port: Port, number: Int) -> EventLoopFuture<any Channel> {
        let bound = self.bound
        return ServerBootstrap(group: self.loop)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.accepted(channel, port) }
            }
            .bind(host: self.host, port: number)
    }

    private func accepted(_ channel: any Channel, _ port: Port) throws {
        let valve = Valve(isShut: self.isCut(port))
        let child = NodeShell.Child(channel: channel, valve: valve)
        let key = ObjectIdentifier(channel)
        self.setChild(child, key, port)
        let bound = self.bound
        channel.closeFuture.whenComplete { _ in bound.value.setChild(nil, key, port) }

        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(valve)
        switch port {
        case .center:
            if let tls { try pipeline.addHandler(tls.makeHandler()) }
            try pipeline.configureHTTPServerPipeline()
            try pipeline.addHandler(
                HTTPExchange { [remote = channel.remoteAddress] head, _, exchange in
                    self.center(head, exchange, from: remote)
                })
        case .api(let place):
            if let tls { try pipeline.addHandler(tls.makeHandler()) }
            switch self.shells[place].handshake {
            case .accept:
                try self.addUpgrade(pipeline, path: "/ws/v1", asksCredentials: true) { mesh, _ in
                    ApiConnection(mesh: mesh, place: place, connection: mesh.nextConnection())
                }
            case .httpOnly:
                try pipeline.configureHTTPServerPipeline()
            case .hang, .status, .raw, .close:
                try pipeline.addHandler(HandshakeFault(self.shells[place].handshake))
                return
            }
            try pipeline.addHandler(
                HTTPExchange { head, body, exchange in self.http(head, body, exchange, place: place) })
        case .chat(let place):
            try self.addUpgrade(pipeline, path: self.chatPath, asksCredentials: false) { mesh, head in
                let headers = head.headers.map { (name: $0.name, value: $0.value) }
                return ChatConnection(mesh: mesh, place: place, headers: EventData.object(headers))
            }
            try pipeline.addHandler(HTTPExchange { _, _, exchange in exchange.reply(404, "") })
        }
    }

    private func addUpgrade(
        _ pipeline: ChannelPipeline.SynchronousOperations, path: String, asksCredentials: Bool,
        _ makeSession: @escaping @Sendable (Mesh, HTTPRequestHead) -> any WebSocketSession
    ) throws {
        let bound = self.bound
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: FrameAssembler.messageLimit,
            automaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                let credentials = asksCredentials ? bound.value.memory.settings.credentials : nil
                let isWanted =
                    HTTPExchange.path(head) == path && head.method == .GET
                    && BasicAuthorization.isGiven(credentials, by: head)
                return channel.eventLoop.makeSucceededFuture(isWanted ? HTTPHeaders() : nil)
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    let mesh = bound.value
                    let pipeline = channel.pipeline.syncOperations
                    let valve = try? pipeline.handler(type: Valve.self)
                    try pipeline.addHandler(WebSocketLink(mesh: mesh, session: makeSession(mesh, head), valve: valve))
                }
            }
        )
        try pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    let pipeline = context.pipeline.syncOperations
                    guard let exchange = try? pipeline.context(handlerType: HTTPExchange.self) else { return }
                    pipeline.removeHandler(context: exchange, promise: nil)
                }
            ))
    }

    private func isCut(_ port: Port) -> Bool {
        switch port {
        case .center: false
        case .api(let place), .chat(let place): self.memory.nodes[place].isCut
        }
    }

    private func setChild(_ child: NodeShell.Child?, _ key: ObjectIdentifier, _ port: Port) {
        switch port {
        case .center: self.centerChildren[key] = child
        case .api(let place), .chat(let place): self.shells[place].children[key] = child
        }
    }
}
