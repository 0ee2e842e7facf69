import NIOCore
import NIOHTTP1

/// A command of the engine's HTTP api.
final class HTTPCommand: CommandOrigin {
    private let mesh: Mesh
    private let exchange: HTTPExchange
    let place: Int
    let connection = 0

    init(mesh: Mesh, exchange: HTTPExchange, place: Int) {
        self.mesh = mesh
        self.exchange = exchange
        self.place = place
    }

    func answer(_ answer: Answer, id: UnsafeRawBufferPointer) {
        self.exchange.reply(200, answer.body(self.mesh.memory.settings.dialect))
    }

    func answer(raw: String) { self.exchange.reply(200, raw) }

    func drop(reset: Bool) { self.exchange.close(reset: reset) }
}

extension Mesh {
    /// A request on a node's API port that is no WebSocket.
    func http(_ head: HTTPRequestHead, _ body: ByteBuffer, _ exchange: HTTPExchange, place: Int) {
        defer { self.endTurn() }
        guard BasicAuthorization.isGiven(self.memory.settings.credentials, by: head) else {
            return exchange.refuseCredentials()
        }
        let method: Method
        switch (self.memory.settings.dialect, HTTPExchange.path(head)) {
        case (.docs, "/v1/mesh/send"): method = .send
        case (.docs, "/v1/mesh/publish"): method = .publish
        case (.php105, "/v1/mesh/send"), (.php105, "/v1/mesh/publish"):
            self.notice(.otherDialect, place, "a client asks \(HTTPExchange.path(head)), which only docs has: it answers 404")
            return exchange.reply(404, #"{"error":"not found"}"#)
        default:
            exchange.reply(404, #"{"error":"not found"}"#)
            return
        }
        guard head.method == .POST else {
            exchange.reply(405, #"{"error":"POST only"}"#)
            return
        }
        let origin = HTTPCommand(mesh: self, exchange: exchange, place: place)
        body.withUnsafeReadableBytes { bytes in
            guard body.isUTF8, let params = JSONScanner.document(bytes) else {
                origin.answer(.invalidParams, id: Self.null)
                return
            }
            self.run(Command(method: method, body: params), bytes, from: origin)
        }
    }

    /// A request to the center.
    func center(_ head: HTTPRequestHead, _ exchange: HTTPExchange, from remote: SocketAddress?) {
        defer { self.endTurn() }
        if Self.isControl(HTTPExchange.path(head)) { return self.control(head, exchange, from: remote) }
        self.memory.centerRequests += 1
        let path = HTTPExchange.path(head)
        let isKnown = path == "/version" || path == "/v1/nodes"
        switch self.centerBehaviour {
        case .hang: return
        case .close, .down: return exchange.close()
        case .status(let status): return exchange.reply(status, "", keepAlive: false)
        case .trickle: return exchange.trickle()
        case .normal, .nothing, .null, .version, .body: break
        }
        guard BasicAuthorization.isGiven(self.memory.settings.credentials, by: head) else {
            return exchange.refuseCredentials()
        }
        guard isKnown, head.method == .GET else { return exchange.reply(404, #"{"error":"not found"}"#) }
        if path == "/version" {
            if case .version(let text) = self.centerBehaviour { return exchange.reply(200, text) }
            return exchange.reply(200, #"{"apis":["v1"]}"#)
        }
        switch self.centerBehaviour {
        case .body(let text): exchange.reply(200, text)
        case .nothing: exchange.reply(200, #"{"nodes":[]}"#)
        case .null: exchange.reply(200, #"{"nodes":null}"#)
        case .normal, .version, .hang, .close, .down, .status, .trickle: exchange.reply(200, self.nodesList)
        }
    }

    private var nodesList: String {
        let nodes = self.shells.filter { self.memory.nodes[$0.place].isListed }
            .map { #"{"id":"\#($0.info.id)","api_server":"\#($0.info.api)"}"# }
        return #"{"nodes":["# + nodes.joined(separator: ",") + "]}"
    }
}
