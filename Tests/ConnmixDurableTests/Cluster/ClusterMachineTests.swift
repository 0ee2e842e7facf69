import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("the cluster machine")
struct ClusterMachineTests {
    private let start = ContinuousClock.now
    private let a = NodeIdentity(id: "a", address: NodeAddress(host: "10.0.0.1", port: 1))
    private let b = NodeIdentity(id: "b", address: NodeAddress(host: "10.0.0.2", port: 1))
    private let a2 = NodeIdentity(id: "a2", address: NodeAddress(host: "10.0.0.1", port: 1))

    private func make() -> ClusterMachine {
        ClusterMachine(settings: .init(), now: start, random: SeededGenerator(seed: 1))
    }

    private func makeConnected(_ nodes: [NodeIdentity]) -> ClusterMachine {
        var machine = make()
        _ = machine.tick(now: start)
        _ = machine.directoryArrived(nodes, now: start)
        for node in nodes { _ = machine.connected(node, now: start) }
        return machine
    }

    @Test("P9: nodes that come are connected to, one connection an address")
    func added() {
        var machine = make()
        #expect(machine.tick(now: start) == [.ask(center: 0)])
        #expect(machine.tick(now: start) == [])
        #expect(
            machine.directoryArrived([a, b], now: start) == [.added(a), .connect(a), .added(b), .connect(b), .directoryKnown])
        #expect(machine.connected(a, now: start) == [])
        #expect(machine.directoryArrived([a, b], now: start) == [])
    }

    @Test("P9: a sick center never tears down healthy connections, and says so once")
    func sickCenter() {
        var machine = makeConnected([a, b])
        var now = start
        #expect(machine.directoryFailed("down", now: now) == [.centerChanged(trouble: "down")])
        for _ in 0..<20 {
            now += .seconds(60)
            #expect(machine.tick(now: now) == [.ask(center: 0)])
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
        #expect(machine.directoryArrived([a2], now: start) == [.replaced(old: a, new: a2), .leave(a), .connect(a2)])
        #expect(machine.disconnected(a, now: start) == [])
        #expect(machine.connected(a2, now: start) == [])
        #expect(machine.identities == [a2])
        var waiting = makeConnected([a])
        _ = waiting.disconnected(a, now: start)
        #expect(waiting.directoryArrived([a2], now: start) == [.replaced(old: a, new: a2), .connect(a2)])
    }

    @Test("P9: a center that lists a restarted node's old id beside the new one, in any order, is believed once")
    func twoIDs() {
        var machine = makeConnected([a])
        #expect(machine.directoryArrived([a, a2], now: start) == [.replaced(old: a, new: a2), .leave(a), .connect(a2)])
        _ = machine.connected(a2, now: start)
        for list in [[a, a2], [a2, a], [a2], [a2, a2]] {
            #expect(machine.directoryArrived(list, now: start) == [])
        }
        #expect(machine.identities == [a2])
        // A center that tells the old and the new one in turn changes nothing.
        for second in 1...6 {
            let list = second.isMultiple(of: 2) ? [a2] : [a]
            #expect(machine.directoryArrived(list, now: start + .seconds(4 * second)) == [])
        }
        // Alone in the list, and for long enough, the old id is back.
        #expect(machine.directoryArrived([a], now: start + .seconds(30)) == [])
        #expect(machine.directoryArrived([a], now: start + .seconds(39)) == [])
        #expect(
            machine.directoryArrived([a], now: start + .seconds(40)) == [.replaced(old: a2, new: a), .leave(a2), .connect(a)])
        var unknown = make()
        _ = unknown.tick(now: start)
        #expect(unknown.directoryArrived([a, a2], now: start) == [.added(a), .connect(a), .directoryKnown])
    }

    @Test("a list that can be used, with something wrong in it, is used, and what is wrong is said once")
    func listInTrouble() {
        var machine = makeConnected([a])
        let (odd, even) = (Directory.Skipped(reason: "odd"), Directory.Skipped(reason: "even"))
        let trouble = "of what the center lists, 2 entries are left out: even; odd"
        #expect(
            machine.directoryArrived([a], skipped: [odd, even], now: start) == [.centerChanged(trouble: trouble)])
        #expect(machine.directoryArrived([a], skipped: [even, odd], now: start) == [])
        #expect(machine.directoryArrived([a], now: start) == [.centerChanged(trouble: nil)])
        #expect(
            machine.directoryArrived([], skipped: [odd], now: start)
                == [.centerChanged(trouble: "of what the center lists, one entry is left out: odd")])
    }

    @Test("after stopping nothing is begun any more")
    func stopped() {
        var machine = makeConnected([a])
        #expect(machine.stop() == [.leave(a)])
        #expect(machine.nextDeadline == nil)
        #expect(machine.tick(now: start + .seconds(100)) == [])
        #expect(machine.directoryArrived([b], now: start) == [])
        #expect(!machine.expects(b) && machine.connected(b, now: start) == nil)
        #expect(machine.disconnected(a, now: start) == [])
    }
}
