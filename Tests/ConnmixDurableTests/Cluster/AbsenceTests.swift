import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("nodes that are missing from a list")
struct AbsenceTests {
    private let start = ContinuousClock.now
    private let a = NodeIdentity(id: "a", address: NodeAddress(host: "10.0.0.1", port: 1))
    private let b = NodeIdentity(id: "b", address: NodeAddress(host: "10.0.0.2", port: 1))
    private let c = NodeIdentity(id: "c", address: NodeAddress(host: "10.0.0.3", port: 1))

    private func makeConnected(_ nodes: [NodeIdentity], centers: Int = 1) -> ClusterMachine {
        var machine = ClusterMachine(settings: .init(centers: centers), now: start, random: SeededGenerator(seed: 1))
        _ = machine.tick(now: start)
        _ = machine.directoryArrived(nodes, now: start)
        for node in nodes { _ = machine.connected(node, now: start) }
        return machine
    }

    private func after(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test("P9: two lists in a row, 200 ms apart, say nothing about a connection that works")
    func tooEarly() {
        var machine = makeConnected([a, b])
        #expect(machine.directoryArrived([a], now: after(5)) == [])
        #expect(machine.directoryArrived([a], now: after(5.2)) == [])
        #expect(machine.directoryArrived([a], now: after(14.9)) == [])
        #expect(machine.directoryArrived([a, b], now: after(15)) == [])
        #expect(machine.directoryArrived([a], now: after(16)) == [])
        #expect(machine.directoryArrived([a], now: after(25.9)) == [])
        #expect(machine.identities == [a, b])
    }

    @Test("P9: a node that has left is left, within three refresh intervals")
    func left() throws {
        var machine = makeConnected([a, b])
        var now = start
        while true {
            now = try #require(machine.nextDeadline)
            #expect(machine.tick(now: now) == [.ask(center: 0)])
            let actions = machine.directoryArrived([a], now: now)
            if actions == [.leave(b)] { break }
            #expect(actions == [])
        }
        #expect(now - start >= .seconds(10) && now - start <= .seconds(30))
        #expect(machine.directoryArrived([a], now: now) == [])
        #expect(machine.disconnected(b, now: now) == [.removed(b)])
        #expect(machine.directoryArrived([b, a], now: now) == [.added(b), .connect(b)])
    }

    @Test("P9: a list that changes is young: a center that starts lists its nodes one by one")
    func growing() {
        var machine = makeConnected([a, b, c])
        #expect(machine.directoryArrived([a], now: after(10)) == [])
        #expect(machine.directoryArrived([a, c], now: after(19)) == [])
        #expect(machine.directoryArrived([c, a], now: after(28)) == [])
        #expect(machine.directoryArrived([a, b, c], now: after(29)) == [])
        // The order says nothing: this is one list.
        #expect(machine.directoryArrived([a, c], now: after(40)) == [])
        #expect(machine.directoryArrived([c, a], now: after(50)) == [.leave(b)])
    }

    @Test("P9: lists that contradict each other never tear down a connection that works")
    func alternating() {
        var machine = makeConnected([a, b, c])
        for round in 1...40 {
            let list = round.isMultiple(of: 2) ? [a] : [a, c]
            #expect(machine.directoryArrived(list, now: after(Double(round) * 10)) == [])
        }
        for round in 41...80 {
            let list = round.isMultiple(of: 2) ? [a] : [b, c]
            #expect(machine.directoryArrived(list, now: after(Double(round) * 10)) == [])
        }
    }

    @Test("P9: a failure between two lists, or an empty list, makes them two beginnings")
    func failing() {
        var machine = makeConnected([a, b])
        for round in 1...10 {
            let now = after(Double(round) * 20)
            #expect(machine.directoryArrived([a], now: now).allSatisfy { $0 == .centerChanged(trouble: nil) })
            _ = machine.directoryFailed("down", now: now + .seconds(10))
        }
        for round in 11...20 {
            let now = after(Double(round) * 20)
            #expect(machine.directoryArrived([a], now: now).allSatisfy { $0 == .centerChanged(trouble: nil) })
            _ = machine.directoryArrived([], now: now + .seconds(10))
        }
        #expect(machine.identities == [a, b])
    }

    @Test("P9: of several centers each is a witness of its own, and one that lists the node is enough")
    func centers() {
        var machine = makeConnected([a, b])
        #expect(machine.directoryArrived([a], from: 0, now: after(10)) == [])
        #expect(machine.directoryArrived([a, b], from: 1, now: after(15)) == [])
        #expect(machine.directoryArrived([a], from: 0, now: after(21)) == [])
        // The other one has not been heard for as long.
        #expect(machine.directoryArrived([a], from: 1, now: after(31)) == [])
        #expect(machine.directoryArrived([a], from: 0, now: after(31)) == [.leave(b)])
        var doubted = makeConnected([a, b], centers: 2)
        #expect(doubted.directoryArrived([a], from: 0, now: after(10)) == [])
        #expect(doubted.directoryFailed("down", from: 0, now: after(15)) == [.ask(center: 1)])
        #expect(doubted.directoryArrived([a], from: 0, now: after(20)) == [])
        #expect(doubted.directoryArrived([a], from: 0, now: after(30)) == [.leave(b)])
    }

    @Test("a node that cannot be reached is left after an interval, whatever else the list says")
    func unreachable() {
        var machine = makeConnected([a, b, c])
        _ = machine.disconnected(b, now: start)
        #expect(machine.directoryArrived([a], now: after(10)) == [])
        #expect(machine.directoryArrived([a, c], now: after(15)) == [])
        #expect(machine.directoryArrived([a], now: after(20)) == [.removed(b)])
    }

    @Test("P9: a node whose entry is spoilt is not missing")
    func spoilt() {
        var machine = makeConnected([a, b, c])
        let skipped = [Directory.Skipped(id: "b", reason: "no port"), .init(address: c.address, reason: "no id")]
        _ = machine.directoryArrived([a], skipped: skipped, now: after(10))
        #expect(machine.directoryArrived([a], skipped: skipped, now: after(20)) == [])
        #expect(machine.directoryArrived([a], skipped: skipped, now: after(60)) == [])
        #expect(machine.identities == [a, b, c])
    }
}
