@testable import connmix_durable
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// The pipeline of `HTTPService`, with an endpoint that judges each request at once and says what became of it.
enum ServedRequests {
    /// Feeds a connection, lets the time of its patience pass, and looks whether it has ended.
    ///
    /// - Parameter judge: what became of a request; what it throws is thrown.
    static func fates<Fate>(
        of pieces: [UnsafeRawBufferPointer], _ judge: @escaping (HTTPService.Request) throws -> [Fate]
    ) throws -> [Fate] {
        let channel = EmbeddedChannel()
        let endpoint = Endpoint(judge)
        try HTTPService.addHandlers(to: channel.pipeline.syncOperations, .init(), HTTPConnections(limit: 4))
        try channel.pipeline.syncOperations.addHandler(endpoint)
        try feed(channel, pieces)
        // Nobody may hold a connection by sending nothing more.
        channel.embeddedEventLoop.advanceTime(by: HTTPService.Limits().patience)
        try hold(!channel.isActive, "a connection ends in time")
        _ = try? channel.finish(acceptAlreadyClosed: true)
        if let broken = endpoint.broken { throw broken }
        return endpoint.seen
    }

    static func feed(_ channel: EmbeddedChannel, _ pieces: [UnsafeRawBufferPointer]) throws {
        try channel.connect(to: place.get()).wait()
        for piece in pieces where channel.isActive { _ = try? channel.writeInbound(ByteBuffer(bytes: piece)) }
    }

    private static let place = Result { try SocketAddress(ipAddress: "127.0.0.1", port: 1) }
}

/// Answers each request at once, as the services do once they know what to say.
private final class Endpoint<Fate>: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let judge: (HTTPService.Request) throws -> [Fate]
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private(set) var seen: [Fate] = []
    private(set) var broken: (any Error)?

    init(_ judge: @escaping (HTTPService.Request) throws -> [Fate]) {
        self.judge = judge
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let next): (head, body) = (next, [])
        case .body(let part): body += part.readableBytesView
        case .end:
            guard let asked = head else { return }
            head = nil
            do { seen += try judge(HTTPService.Request(asked, body)) } catch { broken = broken ?? error }
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            if !asked.isKeepAlive { context.close(promise: nil) }
        }
    }
}
