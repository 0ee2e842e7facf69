internal import ConnmixDurable
internal import NIOCore

/// One engine node: its end users, its queue, and the consumers that are connected.
final class EngineNode: @unchecked Sendable {
    static let queueLimit = 2_000

    unowned let engine: Engine
    let id: String
    let address: NodeAddress
    let slot: Int
    private(set) var isUp = true
    /// Whether centers name it.
    var isListed = true { didSet { if !isListed { engine.record.unlistedNodes.insert(id) } } }
    var clients: Set<String> = []
    var order: [String] = []
    var queue: [Int] = []
    private var sessions: [NodeSession] = []
    /// It takes connections and says nothing.
    var isHanging = false
    private(set) var reach: Reach
    /// Which form of `queue.pop` it takes.
    var takesArrays = false

    init(engine: Engine, id: String, address: NodeAddress, slot: Int) {
        self.engine = engine
        self.id = id
        self.address = address
        self.slot = slot
        reach = Reach(since: engine.world.now)
        takesArrays = engine.dice.happens(oneIn: 4)
    }

    func accept(_ link: Link) -> any ServerSide {
        let session = NodeSession(node: self, link: link)
        sessions.append(session)
        session.socket.isMute = isHanging
        return session.socket
    }

    func remove(_ session: NodeSession) {
        sessions.removeAll { $0 === session }
        review()
    }

    /// Whether somebody is connected who had an answer, and whether anybody takes what waits.
    func review() {
        let now = engine.world.now
        reach.review(sessions.contains(where: \.hasAnswered), at: now)
        engine.record.consumed(id, sessions.contains(where: \.isPopping), at: now)
    }

    /// Hands out what waits, to the one that pops.
    func pump() {
        guard isUp, !isHanging, let session = sessions.first(where: \.isPopping), !queue.isEmpty else { return }
        let all = queue
        queue = []
        for serial in all { session.hand(serial) }
    }

    func die() {
        isUp = false
        clients = []
        order = []
        for serial in queue { engine.record.diedWithNode(serial) }
        queue = []
        cutAll()
    }

    func cutAll() {
        for session in sessions { session.socket.cut() }
        sessions = []
        review()
    }

    func closeAll(code: UInt16) {
        for session in sessions { session.socket.close(code: code) }
    }

    func stall(_ isStalled: Bool) {
        for session in sessions { session.socket.stall(isStalled) }
    }

    func heal() {
        isHanging = false
        isListed = true
        for session in sessions { session.heal() }
        stall(false)
        pump()
    }

    /// Frames that are none of the protocol, to whoever listens.
    func sayNonsense() {
        engine.record.saw(.nonsense)
        let frames = [
            "{\"e\":\"weather\",\"p\":{}}", "{\"E\":null,\"r\":{},\"i\":99999}", "hello", "{\"e\":", "[]",
            "{\"E\":7,\"i\":\"x\"}",
        ]
        for session in sessions where session.isPopping { session.socket.send(frames[engine.dice.below(frames.count)]) }
    }

    var consumer: NodeSession? { sessions.first(where: \.isPopping) }
}

/// A consumer's connection to a node.
final class NodeSession: @unchecked Sendable {
    unowned let node: EngineNode
    private(set) var isPopping = false
    private var made: WebSocketServer?
    private(set) var isOver = false
    private(set) var hasAnswered = false
    /// Requests from then on get no answer.
    var isMute = false
    /// The next command is the last: the connection is cut before, or after, it is applied.
    var cutsBefore = false
    var cutsAfter = false

    var socket: WebSocketServer {
        guard let made else { preconditionFailure("a session has its socket from the start") }
        return made
    }

    init(node: EngineNode, link: Link) {
        self.node = node
        made = WebSocketServer(link) { [weak self] in self?.take($0) }
    }

    private var engine: Engine { node.engine }
    private var world: World { node.engine.world }

    func heal() {
        isMute = false
        cutsBefore = false
        cutsAfter = false
    }

    func hand(_ serial: Int) {
        let (client, topic) = engine.record.handedOut(serial)
        let isNumber = serial % 5 == 0
        let name = isNumber ? client : "\"\(client)\""
        socket.send(
            "{\"e\":\"queue.pop\",\"p\":{\"n\":\"\(node.id)\",\"c\":\(name),\"t\":\"\(topic)\",\"d\":{\"frame\":{\"type\":\"text\",\"data\":\"m\(serial)\",\"finish\":true}}},\"id\":null}",
            messages: [serial])
    }

    private func take(_ event: WebSocketServer.Event) {
        switch event {
        case .opened: break
        case .closed:
            isOver = true
            isPopping = false
            node.remove(self)
        case .text(let bytes):
            if bytes.elementsEqual("ping".utf8) {
                if !isMute { socket.send("pong") }
                return
            }
            guard let request = JSON.read(bytes), let method = request["m"]?.text, let id = request["i"]?.text else {
                return engine.record.fault("the node \(node.id) received no request: \(String(decoding: bytes, as: UTF8.self))")
            }
            take(method, request["p"] ?? .null, id)
        }
    }

    private func take(_ method: String, _ params: JSON, _ id: String) {
        switch method {
        case "queue.pop":
            let topics = node.takesArrays ? params.list : params["t"]?.list
            guard topics != nil else { return answer(id, error: 101, "invalid params") }
            guard !isPopping else { return answer(id, error: 202, "consumed already") }
            isPopping = true
            node.review()
            answer(id, "{\"s\":true}")
            node.pump()
        case "queue.unpop":
            guard isPopping else { return answer(id, error: 203, "not consumed") }
            isPopping = false
            node.review()
            answer(id, "{\"s\":true}")
        case "server.ping":
            answer(id, "{\"m\":\"server.pong\"}")
        default:
            command(method, params, id)
        }
    }

    private func command(_ method: String, _ params: JSON, _ id: String) {
        guard let tag = (params["d"] ?? params["a"]?.list?.last)?.text, let target = params["c"]?.text else {
            return engine.record.fault("a command without a tag: \(method) \(params)")
        }
        if cutsBefore {
            engine.record.saw(.cutBefore)
            return socket.cut()
        }
        engine.record.received(tag, by: node.id, writtenAt: socket.writtenAt)
        let trouble = engine.commandTrouble > 0 && engine.dice.happens(oneIn: engine.commandTrouble) ? engine.dice.below(4) : -1
        if trouble == 0 {
            answered(tag, code: 500)
            engine.record.saw(.oddRefusal)
            return answer(id, error: 500, "no idea")
        }
        let isGone = method == "conn.call" ? !node.clients.contains(target) : engine.node(of: target) == nil
        let code: Int? = method == "mesh.publish" || !isGone ? nil : method == "conn.call" ? 301 : 401
        if cutsAfter {
            engine.record.saw(.cutAfter)
            return socket.cut()
        }
        if trouble == 1 {
            engine.record.saw(.unanswered)
            engine.record.left(tag)
            return
        }
        let reply = { [self] in
            answered(tag, code: code)
            if let code {
                answer(id, error: code, "client is gone")
            } else {
                answer(id, method == "mesh.publish" ? "{\"s\":3,\"f\":0}" : "{\"s\":true}")
            }
        }
        guard trouble == 2 else { return reply() }
        engine.record.saw(.lateAnswer)
        engine.record.left(tag)
        world.after(engine.dice.time(5_000_000...25_000_000), .engine) { [weak self] in
            if self?.isOver == false { reply() }
        }
    }

    /// What a node says that is mute, or whose connection is gone, nobody hears.
    private func answered(_ tag: String, code: Int?) {
        if !isMute, !isOver { engine.record.answered(tag, code: code) }
    }

    private func answer(_ id: String, _ result: String) {
        guard !isMute else { return }
        if !hasAnswered, !isOver {
            hasAnswered = true
            node.review()
        }
        socket.send("{\"E\":null,\"r\":\(result),\"i\":\(id)}")
    }

    private func answer(_ id: String, error code: Int, _ text: String) {
        guard !isMute else { return }
        socket.send("{\"E\":{\"c\":\(code),\"m\":\"\(text)\"},\"i\":\(id)}")
    }
}
