internal import ConnmixDurable
internal import NIOCore

/// A model of connmix: centers, nodes with their end users and queues, and all that they are known to do wrong.
final class Engine: @unchecked Sendable {
    let world: World
    let network: Network
    var dice: Dice
    private(set) var nodes: [EngineNode] = []
    var centers: [Center] = []
    /// What every node received and answered, for the checker.
    let record: EngineRecord
    private var lastClient = 1_627_581_697_000_000_000
    private var lastNode = 0
    /// How often commands are answered wrongly, late or never: one in so many; 0: never.
    var commandTrouble = 0

    struct Center {
        enum Mood { case well, silent, refuses, nonsense, empty, oldList }
        var address: NodeAddress
        var mood = Mood.well
    }

    init(world: World, network: Network, record: EngineRecord, seed: UInt64, nodes count: Int, centers centerCount: Int) {
        self.world = world
        self.network = network
        self.record = record
        dice = Dice(seed: seed, for: "engine")
        centers = (0..<centerCount).map { Center(address: NodeAddress(host: "10.0.1.\($0 + 1)", port: 6_787)) }
        for slot in 0..<count { nodes.append(makeNode(slot)) }
        network.listener = { [weak self] in self?.accept($0, $1) }
    }

    private func makeNode(_ slot: Int) -> EngineNode {
        lastNode += 1
        return EngineNode(
            engine: self, id: "node\(lastNode)", address: NodeAddress(host: "10.0.0.\(slot + 1)", port: 6_789), slot: slot)
    }

    private func accept(_ address: NodeAddress, _ link: Link) -> (any ServerSide)? {
        if let index = centers.firstIndex(where: { $0.address == address }) {
            guard centers[index].mood != .refuses else { return nil }
            return CenterServer(link) { [weak self] in self?.answer(of: index, to: $0) }
        }
        guard let node = nodes.first(where: { $0.address == address }), node.isUp else { return nil }
        return node.accept(link)
    }

    private func answer(of center: Int, to path: String) -> String? {
        func response(_ body: String, status: String = "200 OK") -> String {
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        }
        let mood = centers[center].mood
        switch mood {
        case .silent: return nil
        case .refuses, .well, .empty, .oldList: break
        case .nonsense:
            record.saw(.nonsense)
            let bodies = ["{\"nodes\":[{\"id\":7}]}", "{\"nodes\"", "<html>", "{\"nodes\":{\"a\":1}}", "", "[1,2"]
            return response(bodies[dice.below(bodies.count)], status: dice.happens(oneIn: 3) ? "500 Oops" : "200 OK")
        }
        if path == "/version" { return response("{\"apis\":[\"v1\"]}") }
        if mood == .empty { return response("{\"nodes\":null}") }
        let listed = nodes.filter(\.isListed)
        let entries = listed.map { "{\"id\":\"\($0.id)\",\"api_server\":\"\($0.address.host):\($0.address.port)\"}" }
        return response("{\"nodes\":[\(entries.joined(separator: ","))]}")
    }

    // MARK: Nodes

    /// The node's process ends and another one takes its address: its end users, queues and contexts are gone.
    func restart(slot: Int, downFor time: World.Time) {
        let old = nodes[slot]
        guard old.isUp else { return }
        old.die()
        record.saw(.nodeRestart)
        world.after(time, .engine) { [self] in
            nodes[slot] = makeNode(slot)
            record.predecessors[nodes[slot].id] = old.id
            world.note("node \(nodes[slot].id) takes the place of \(old.id)")
        }
    }

    func node(of client: String) -> EngineNode? { nodes.first { $0.isUp && $0.clients.contains(client) } }

    // MARK: End users

    func join(slot: Int) -> String? {
        guard nodes[slot].isUp else { return nil }
        lastClient += 1
        let client = "\(lastClient)"
        nodes[slot].clients.insert(client)
        nodes[slot].order.append(client)
        return client
    }

    func leave(_ client: String) {
        guard let node = node(of: client) else { return }
        node.clients.remove(client)
        node.order.removeAll { $0 == client }
        record.saw(.goneClient)
    }

    /// An end user says something.
    func push(from client: String, topic: String) {
        guard let node = node(of: client) else { return }
        let serial = record.pushed(client: client, node: node.id, topic: topic)
        guard node.queue.count < EngineNode.queueLimit else { return record.overflowed(serial) }
        node.queue.append(serial)
        node.pump()
    }

    /// Everything is as it should be.
    func heal() {
        for index in centers.indices { centers[index].mood = .well }
        commandTrouble = 0
        network.isSlow = false
        for node in nodes { node.heal() }
    }
}
