import Testing

@testable import ConnmixDurable

@Suite("the cluster machine")
struct ClusterMachineTests {
    private let start = ContinuousClock.now
    private let a = NodeIdentity(id: "a", address: NodeAddress(host: "10.0.0.1", port: 1))
    private let b = NodeIdentity(id: "b", address: NodeAddress(host: "10.0.0.2", port: 1))
    private let a2 = NodeIdentity(id: "a2", address: NodeAddress(host: "10.0.0.1", port: 1))

    private func make() -> ClusterMachine {
        ClusterMachine(settings: .init(), now: start, random: SplitMix(state: 1))
    }

    private func makeConnected(_ nodes: [NodeIdentity]) -> ClusterMachine {
        var machine = make()
        _ = machine.tick(now: start)
        _ = machine.directoryArrived(nodes, now: start)
        for node in nodes { _ = machine.connected(node) }
        return machine
    }

    @Test("P9: nodes that come are connected to, one connection an address")
    func added() {
        var machine = make()
        #expect(machine.tick(now: start) == [.fetchDirectory])
        #expect(machine.tick(now: start) == [])
        #expect(
            machine.directoryArrived([a, b], now: start) == [.added(a), .connect(a), .added(b), .connect(b), .directoryKnown])
        #expect(machine.connected(a) == [])
        #expect(machine.directoryArrived([a, b], now: start) == [])
    }

    @Test("P9: a node is left when two lists in a row lack it")
    func removed() {
        var machine = makeConnected([a, b])
        #expect(machine.directoryArrived([b], now: start) == [])
        #expect(machine.directoryArrived([a, b], now: start) == [])
        #expect(machine.directoryArrived([b], now: start) == [])
        #expect(machine.directoryArrived([b], now: start) == [.drain(a)])
        #expect(machine.directoryArrived([b], now: start) == [])
        #expect(machine.disconnected(a, now: start) == [.removed(a)])
        #expect(machine.directoryArrived([a, b], now: start) == [.added(a), .connect(a)])
    }

    @Test("P9: a sick center never tears down healthy connections, and says so once")
    func sickCenter() {
        var machine = makeConnected([a, b])
        var now = start
        #expect(machine.directoryFailed("down", now: now) == [.centerChanged(trouble: "down")])
        for _ in 0..<20 {
            now += .seconds(60)
            #expect(machine.tick(now: now) == [.fetchDirectory])
            #expect(machine.directoryFailed("down", now: now) == [])
        }
        #expect(machine.directoryArrived([], now: now) == [.centerChanged(trouble: "the center lists no nodes")])
        #expect(machine.directoryArrived([], now: now) == [])
        #expect(machine.directoryArrived([a, b], now: now) == [.centerChanged(trouble: nil)])
        #expect(machine.identities == [a, b])
    }

    @Test("P9: a new id at a known address is a new node")
    func replaced() {
        var machine = makeConnected([a])
        // The old connection may lead to the new node already: it is left in order.
        #expect(machine.directoryArrived([a2], now: start) == [.replaced(old: a, new: a2), .drain(a), .connect(a2)])
        #expect(machine.disconnected(a, now: start) == [])
        #expect(machine.connected(a2) == [])
        #expect(machine.identities == [a2])
        var waiting = makeConnected([a])
        _ = waiting.disconnected(a, now: start)
        #expect(waiting.directoryArrived([a2], now: start) == [.replaced(old: a, new: a2), .connect(a2)])
    }

    @Test("P9: a center that lists a restarted node's old id beside the new one, in any order, is believed once")
    func twoIDs() {
        var machine = makeConnected([a])
        #expect(machine.directoryArrived([a, a2], now: start) == [.replaced(old: a, new: a2), .drain(a), .connect(a2)])
        _ = machine.connected(a2)
        for list in [[a, a2], [a2, a], [a2], [a2, a2]] {
            #expect(machine.directoryArrived(list, now: start) == [])
        }
        #expect(machine.identities == [a2])
        // Alone in the list, the old id is back.
        #expect(machine.directoryArrived([a], now: start) == [.replaced(old: a2, new: a), .drain(a2), .connect(a)])
        var unknown = make()
        _ = unknown.tick(now: start)
        #expect(unknown.directoryArrived([a, a2], now: start) == [.added(a), .connect(a), .directoryKnown])
    }

    @Test("a list that can be used, with something wrong in it, is used, and what is wrong is said once")
    func listInTrouble() {
        var machine = makeConnected([a])
        #expect(machine.directoryArrived([a], trouble: "odd", now: start) == [.centerChanged(trouble: "odd")])
        #expect(machine.directoryArrived([a], trouble: "odd", now: start) == [])
        #expect(machine.directoryArrived([a], now: start) == [.centerChanged(trouble: nil)])
    }

    @Test("reconnects start after 100 ms, grow with jitter to the cap, and start over once the node is consumed")
    func backoff() throws {
        var machine = makeConnected([a])
        var now = start
        var pauses: [Duration] = []
        for _ in 0..<30 {
            _ = machine.disconnected(a, now: now)
            let before = now
            while true {
                now = try #require(machine.nextDeadline)
                let actions = machine.tick(now: now)
                if actions.contains(.fetchDirectory) { _ = machine.directoryFailed("x", now: now) }
                if actions.contains(.connect(a)) { break }
            }
            pauses.append(now - before)
        }
        #expect(pauses[0] == .milliseconds(100))
        #expect(pauses.allSatisfy { $0 >= .milliseconds(50) && $0 <= .seconds(30) })
        #expect(pauses.contains { $0 > .seconds(5) })
        _ = machine.connected(a)
        machine.consuming(a)
        _ = machine.disconnected(a, now: now)
        _ = machine.tick(now: now + .milliseconds(99))
        #expect(machine.tick(now: now + .milliseconds(100)).contains(.connect(a)))
    }

    @Test("after stopping nothing is begun any more")
    func stopped() {
        var machine = makeConnected([a])
        machine.stop()
        #expect(machine.nextDeadline == nil)
        #expect(machine.tick(now: start + .seconds(100)) == [])
        #expect(machine.directoryArrived([b], now: start) == [])
        #expect(machine.connected(b) == [.abandon(b)])
    }
}
