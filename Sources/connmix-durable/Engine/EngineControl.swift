import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix

/// The control endpoint of a running development engine.
struct EngineControl {
    /// A node as the engine describes it.
    struct Node: Decodable {
        let number: Int
        let id: String
        let api: String
        let chat: String
        let listed: Bool
        let running: Bool
        let cut: Bool
        let endUsers: Int
        let consumers: Int
        /// The id that it had before.
        let previousID: String?

        private enum CodingKeys: String, CodingKey {
            case number, id, api, chat, listed, running, cut, consumers
            case endUsers = "end_users"
            case previousID = "previous_id"
        }

        var state: String {
            guard running else { return "stopped" }
            return (listed ? "listed" : "removed") + (cut ? ", cut off" : "")
        }

        var json: [UInt8] {
            JSONWriter.line { writer in
                writer.key("number"); writer.integer(number)
                writer.key("id"); writer.string(id)
                if let previousID { writer.key("previous_id"); writer.string(previousID) }
                writer.key("api"); writer.string(api)
                writer.key("chat"); writer.string(chat)
                writer.key("listed"); writer.bool(listed)
                writer.key("running"); writer.bool(running)
                writer.key("cut"); writer.bool(cut)
                writer.key("end_users"); writer.integer(endUsers)
                writer.key("consumers"); writer.integer(consumers)
            }
        }
    }

    private struct Nodes: Decodable {
        let nodes: [Node]
    }

    private struct Refusal: Decodable {
        enum Kind: String, Decodable {
            case noSuchNode = "no_such_node"
        }

        let error: String
        let kind: Kind?
    }

    private static let patience = TimeAmount.seconds(5)

    let host: String
    let port: Int

    /// Nil for what is no address of one.
    init?(center: String) {
        guard let address = HostAndPort(center, scheme: "http://") else { return nil }
        (host, port) = (address.host, address.port)
    }

    func nodes() async throws -> [Node] {
        try await ask(.GET, "", as: Nodes.self).nodes
    }

    func add() async throws -> Node {
        try await ask(.POST, "", as: Node.self)
    }

    /// - Parameter node: its number or id.
    func act(_ action: String, on node: String) async throws -> Node {
        guard !node.isEmpty, node.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
            throw Failure(.usage, "a node is a number, from 1, or an id, not \(node)")
        }
        return try await ask(.POST, "/\(node)/\(action)", as: Node.self)
    }

    private func ask<Answer: Decodable>(_ method: HTTPMethod, _ path: String, as type: Answer.Type) async throws -> Answer {
        let (status, body) = try await exchange(method, "/dev/nodes" + path)
        let decoder = JSONDecoder()
        if status == 200, let answer = try? decoder.decode(type, from: Data(body)) { return answer }
        let refusal = try? decoder.decode(Refusal.self, from: Data(body))
        switch (status, refusal?.error) {
        case (404, let reason?) where refusal?.kind == .noSuchNode:
            throw Failure(.failed, "\(reason); see connmix-durable engine node list")
        case (403, let reason?): throw Failure(.noPermission, "\(host):\(port) refuses: \(reason)")
        case (409, let reason?): throw Failure(.failed, "\(reason); nothing was done")
        default:
            throw Failure(.unreachable, "\(host):\(port) is no development engine's center; name it with --center")
        }
    }

    private func exchange(_ method: HTTPMethod, _ uri: String) async throws -> (status: UInt, body: [UInt8]) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: (status: UInt, body: [UInt8]).self)
        let head = HTTPRequestHead(
            version: .http1_1, method: method, uri: uri,
            headers: ["Host": "\(host):\(port)", "Content-Length": "0", "Connection": "close"])
        ClientBootstrap(group: loop)
            .connectTimeout(Self.patience)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(OneExchange(head, answer, within: Self.patience))
                }
            }
            .connect(host: host, port: port).cascadeFailure(to: answer)
        do {
            return try await answer.futureResult.get()
        } catch {
            throw Failure(
                .unreachable,
                "no development engine answers at \(host):\(port) (\(SocketTrouble.words(error))); "
                    + "start connmix-durable engine, or name its center with --center")
        }
    }
}

/// Sends one request and gathers its answer.
private final class OneExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private static let limit = 16 << 20

    private let head: HTTPRequestHead
    private let answer: EventLoopPromise<(status: UInt, body: [UInt8])>
    private let limit: TimeAmount
    private var status: UInt = 0
    private var body: [UInt8] = []
    private var timer: Scheduled<Void>?

    init(_ head: HTTPRequestHead, _ answer: EventLoopPromise<(status: UInt, body: [UInt8])>, within limit: TimeAmount) {
        (self.head, self.answer, self.limit) = (head, answer, limit)
    }

    func channelActive(context: ChannelHandlerContext) {
        timer = context.eventLoop.scheduleTask(in: limit) { [channel = context.channel] in channel.close(promise: nil) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = head.status.code
        case .body(let part):
            body += part.readableBytesView
            if body.count > Self.limit { context.close(promise: nil) }
        case .end:
            answer.succeed((status, body))
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        answer.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}
