import NIOCore
import NIOHTTP1

/// What somebody on this machine may do to the nodes: HTTP on the center's port, under a path that no connmix has.
///
/// `GET /dev/nodes` lists them. `POST /dev/nodes` adds one; `POST /dev/nodes/2/restart` (`remove`, `cut`, `heal`) acts on one, by
/// its number from 1 or its id. The answer is the node as it is then.
extension Mesh {
    static func isControl(_ path: Substring) -> Bool { path == "/dev/nodes" || path.hasPrefix("/dev/nodes/") }

    private enum Action: String {
        case remove, restart, cut, heal
    }

    func control(_ head: HTTPRequestHead, _ exchange: HTTPExchange, from remote: SocketAddress?) {
        // A page in a browser of this machine comes from it, too.
        guard remote?.isLoopback == true, !head.headers.contains(name: "Origin") else {
            return Self.refuse(exchange, 403, "only programs on this machine may do that")
        }
        let words = HTTPExchange.path(head).split(separator: "/").dropFirst(2)
        switch (head.method, words.count) {
        case (.GET, 0):
            let nodes = self.shells.map { self.description(of: $0.place) }
            exchange.reply(200, #"{"nodes":["# + nodes.joined(separator: ",") + "]}")
        case (.POST, 0): self.add(exchange)
        case (.POST, 2):
            guard let action = Action(rawValue: String(words[words.startIndex + 1])) else { fallthrough }
            self.act(action, on: words[words.startIndex], exchange)
        default: Self.refuse(exchange, 404, "there is no such path")
        }
    }

    private func add(_ exchange: HTTPExchange) {
        let bound = NIOLoopBound((self, exchange), eventLoop: self.loop)
        self.addNode().whenComplete { result in
            let (mesh, exchange) = bound.value
            switch result {
            case .success(let node):
                guard let place = mesh.memory.place(of: node.id) else { return }
                exchange.reply(200, mesh.description(of: place))
            case .failure(let error):
                Self.refuse(exchange, 409, (error as? DevEngineError)?.message ?? "\(error)")
            }
            mesh.endTurn()
        }
    }

    private func act(_ action: Action, on name: Substring, _ exchange: HTTPExchange) {
        guard let place = self.memory.place(of: String(name)) ?? Int(name).map({ $0 - 1 }), self.shells.indices.contains(place)
        else { return Self.refuse(exchange, 404, "there is no node \(name)", isNode: true) }
        let before = self.memory.nodes[place]
        guard before.isRunning else { return Self.refuse(exchange, 409, "node \(place + 1) is stopped") }
        switch action {
        case .remove: self.memory.nodes[place].isListed = false
        case .restart: self.wipe(place, reset: false)
        case .cut: self.setCut(place, true)
        case .heal: self.setCut(place, false)
        }
        exchange.reply(200, self.description(of: place, before: before.id))
    }

    private func description(of place: Int, before id: String? = nil) -> String {
        let (node, info) = (self.memory.nodes[place], self.shells[place].info)
        let previous = id.map { #","previous_id":"\#($0)""# } ?? ""
        return #"{"number":\#(place + 1),"id":"\#(node.id)","api":"\#(info.api)","chat":"\#(info.chat)","#
            + #""listed":\#(node.isListed),"running":\#(node.isRunning),"cut":\#(node.isCut),"#
            + #""end_users":\#(node.clients.count),"consumers":\#(node.consumers.count)\#(previous)}"#
    }

    /// - Parameter isNode: whether it is the node that is not there, and not the path.
    private static func refuse(_ exchange: HTTPExchange, _ status: Int, _ reason: String, isNode: Bool = false) {
        let kind = isNode ? #","kind":"no_such_node""# : ""
        exchange.reply(status, #"{"error":"# + String(decoding: JSONText.quoted(reason), as: UTF8.self) + kind + "}")
    }
}

extension SocketAddress {
    /// Whether it is this machine itself.
    fileprivate var isLoopback: Bool {
        guard let address = self.ipAddress else { return false }
        return address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }
}
