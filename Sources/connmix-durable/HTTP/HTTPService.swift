import ConnmixDurable
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

/// Serves HTTP/1 requests, several on a connection. Bounded: connections, heads and bodies, and how long each may take to come and to
/// be taken. Rests on swift-nio's own HTTP server, which is here anyway; routing is its user's.
struct HTTPService: Sendable {
    struct Limits: Sendable {
        /// With more at once, one that waits for its next request goes, the oldest first.
        var connections = 512
        /// Of a request line and its headers.
        var headBytes = 64 << 10
        var bodyBytes = 16 << 20
        /// How long a request may take to come, an answer to be taken, and a connection may rest.
        var patience: TimeAmount = .seconds(60)
    }

    typealias Respond = @Sendable (Request) async -> Response
    /// Looks at a request before its body is read: with an answer it is refused.
    typealias Screen = @Sendable (Request) -> Response?

    struct Request: Sendable {
        let method: HTTPMethod
        /// Without the query.
        let path: String
        /// The names and values behind the question mark, percent-decoded. Of a name that comes twice the last.
        let query: [String: String]
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    struct Response: Sendable {
        var status: HTTPResponseStatus
        /// JSON, unless a header says otherwise.
        var body: String
        var headers: HTTPHeaders = [:]
    }

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// Where it listens, with the port that was free.
    let address: String
    private let listener: NIOAsyncChannel<Connection, Never>
    private let group: MultiThreadedEventLoopGroup
    private let limits: Limits
    private let connections: HTTPConnections

    /// Listens; connections wait until `run`.
    ///
    /// - Parameter flag: of the command line, for the error.
    /// - Throws: `Failure` where the address cannot be listened on.
    static func bind(_ place: MetricsAddress, flag: String, limits: Limits = Limits()) async throws -> HTTPService {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let open = HTTPConnections(limit: limits.connections)
        do {
            let listener: NIOAsyncChannel<Connection, Never> = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 256)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: place.host, port: place.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try addHandlers(to: channel.pipeline.syncOperations, limits, open)
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
            return HTTPService(listener, group, limits, open)
        } catch {
            try await group.shutdownGracefully()
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
            throw Failure(
                .cannotCreate, "cannot listen on \(place.host):\(place.port): \(reason); name another address with \(flag)")
        }
    }

    /// What makes requests of a connection's bytes, within the limits.
    static func addHandlers(
        to pipeline: ChannelPipeline.SynchronousOperations, _ limits: Limits, _ connections: HTTPConnections
    ) throws {
        let watch = HTTPConnectionWatch(limits: limits, connections: connections)
        try pipeline.addHandler(HTTPHeadLimit(watch))
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
        try pipeline.addHandler(watch)
    }

    private init(
        _ listener: NIOAsyncChannel<Connection, Never>, _ group: MultiThreadedEventLoopGroup, _ limits: Limits,
        _ connections: HTTPConnections
    ) {
        self.listener = listener
        self.group = group
        self.limits = limits
        self.connections = connections
        let local = listener.channel.localAddress
        let host = local?.ipAddress ?? ""
        address = "\(host.contains(":") ? "[\(host)]" : host):\(local?.port ?? 0)"
    }

    /// Answers requests until a graceful shutdown, in which what is being answered is answered, or a cancellation.
    func run(screen: @escaping Screen, _ respond: @escaping Respond) async throws {
        do {
            try await withGracefulShutdownHandler {
                try await listener.executeThenClose { accepted in
                    try await withThrowingDiscardingTaskGroup { tasks in
                        for try await connection in accepted {
                            tasks.addTask { await serve(connection, screen, respond) }
                        }
                    }
                }
            } onGracefulShutdown: {
                listener.channel.close(promise: nil)
                connections.stop()
            }
        } catch is CancellationError {}
        try await group.shutdownGracefully()
    }

    /// Whatever goes wrong with a connection is its own end and nobody else's.
    private func serve(_ connection: Connection, _ screen: @escaping Screen, _ respond: @escaping Respond) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                var head: HTTPRequestHead?
                var body: [UInt8] = []
                for try await part in inbound {
                    switch part {
                    case .head(let next):
                        head = next
                        body = []
                        if let refusal = screen(Request(next, [])) {
                            return try await write(refusal, keepsAlive: false, withBody: next.method != .HEAD, outbound)
                        }
                        // The client waits for it before it sends a body.
                        if next.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
                            try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
                        }
                    case .body(let bytes):
                        guard body.count + bytes.readableBytes <= limits.bodyBytes else {
                            return try await refuse(outbound)
                        }
                        body.append(contentsOf: bytes.readableBytesView)
                    case .end:
                        guard let asked = head else { return }
                        head = nil
                        let keepsAlive = asked.isKeepAlive
                        guard connections.begin() else {
                            let busy = Response(status: .serviceUnavailable, body: "{\"error\":\"too many requests at once\"}\n")
                            return try await write(busy, keepsAlive: false, withBody: true, outbound)
                        }
                        let response = await respond(Request(asked, body))
                        connections.ended()
                        try await write(response, keepsAlive: keepsAlive, withBody: asked.method != .HEAD, outbound)
                        guard keepsAlive else { return }
                    }
                }
            }
        } catch {}
    }

    private func refuse(_ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>) async throws {
        let response = Response(
            status: .payloadTooLarge, body: "{\"error\":\"the body has more than \(limits.bodyBytes >> 20) MiB\"}\n")
        try await write(response, keepsAlive: false, withBody: true, outbound)
    }

    private func write(
        _ response: Response, keepsAlive: Bool, withBody: Bool, _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        var headers = response.headers
        if !headers.contains(name: "Content-Type") { headers.add(name: "Content-Type", value: "application/json") }
        headers.replaceOrAdd(name: "Content-Length", value: "\(response.body.utf8.count)")
        headers.replaceOrAdd(name: "Cache-Control", value: "no-store")
        headers.replaceOrAdd(name: "Connection", value: keepsAlive ? "keep-alive" : "close")
        try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: response.status, headers: headers)))
        if withBody, !response.body.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(string: response.body)))) }
        try await outbound.write(.end(nil))
    }
}

extension HTTPService.Request {
    init(_ head: HTTPRequestHead, _ body: [UInt8]) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query: [String: String] = [:]
        for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[Self.decoded(sides[0])] = sides.count > 1 ? Self.decoded(sides[1]) : ""
        }
        self.init(method: head.method, path: String(parts.first ?? ""), query: query, headers: head.headers, body: body)
    }

    private static func decoded(_ text: Substring) -> String {
        let plain = String(text).replacing("+", with: " ")
        return PercentDecoding.decode(plain) ?? plain
    }
}
