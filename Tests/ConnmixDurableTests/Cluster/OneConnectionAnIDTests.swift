import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("one id at several addresses")
struct OneConnectionAnIDTests {
    private let start = ContinuousClock.now
    private let here = NodeIdentity(id: "x", address: NodeAddress(host: "10.0.0.1", port: 1))
    private let there = NodeIdentity(id: "x", address: NodeAddress(host: "10.0.0.2", port: 1))
    private let other = NodeIdentity(id: "y", address: NodeAddress(host: "10.0.0.2", port: 1))

    private func make() -> ClusterMachine {
        var machine = ClusterMachine(settings: .init(), now: start, random: SeededGenerator(seed: 1))
        _ = machine.tick(now: start)
        return machine
    }

    private func trouble(_ left: NodeIdentity, _ kept: NodeIdentity) -> ClusterMachine.Action {
        .centerChanged(trouble: Directory.trouble([.double(left, kept: kept.address)]))
    }

    @Test("the first one listed is connected to, the other one is told, and the order changes nothing then")
    func first() {
        var machine = make()
        #expect(
            machine.directoryArrived([here, there], now: start)
                == [trouble(there, here), .added(here), .connect(here), .directoryKnown])
        #expect(machine.directoryArrived([there, here], now: start) == [])
        _ = machine.connected(here, now: start)
        #expect(machine.directoryArrived([there, here], now: start) == [])
        #expect(machine.identities == [here])
        #expect(machine.directoryArrived([here], now: start) == [.centerChanged(trouble: nil)])
    }

    @Test("a lost connection does not give the address up, a failed attempt does; the pauses go on")
    func failed() {
        var machine = make()
        _ = machine.directoryArrived([here, there], now: start)
        _ = machine.connected(here, now: start)
        _ = machine.disconnected(here, now: start)
        #expect(machine.directoryArrived([there, here], now: start) == [])
        #expect(machine.tick(now: start + .milliseconds(100)).contains(.connect(here)))
        _ = machine.attemptFailed(here, now: start + .milliseconds(100))
        #expect(
            machine.directoryArrived([here, there], now: start + .milliseconds(100))
                == [trouble(here, there), .moved(here), .added(there), .connect(there)])
        #expect(machine.identities == [there])
        _ = machine.connected(there, now: start + .milliseconds(100))
        #expect(machine.directoryArrived([here, there], now: start + .seconds(60)) == [])
    }

    @Test("an id that moves: at once where its connection is lost, else when the old address is gone and left in order")
    func moved() {
        var lost = make()
        _ = lost.directoryArrived([here], now: start)
        _ = lost.connected(here, now: start)
        _ = lost.disconnected(here, now: start)
        #expect(lost.directoryArrived([there], now: start) == [.moved(here), .added(there), .connect(there)])
        var healthy = make()
        _ = healthy.directoryArrived([here], now: start)
        _ = healthy.connected(here, now: start)
        #expect(healthy.directoryArrived([there], now: start) == [trouble(there, here)])
        #expect(healthy.directoryArrived([there], now: start + .seconds(10)) == [.leave(here)])
        #expect(healthy.disconnected(here, now: start + .seconds(10)) == [.removed(here)])
        // Asked at once, not an interval later.
        #expect(healthy.nextDeadline == start + .seconds(10) + .milliseconds(100))
        #expect(
            healthy.directoryArrived([there], now: start + .seconds(11))
                == [.centerChanged(trouble: nil), .added(there), .connect(there)])
    }

    @Test("an id that turns up at another node's address does not take it over while its own connection works")
    func takeover() {
        var machine = make()
        _ = machine.directoryArrived([here, other], now: start)
        _ = machine.connected(here, now: start)
        _ = machine.connected(other, now: start)
        #expect(machine.directoryArrived([here, there], now: start) == [trouble(there, here)])
        #expect(machine.identities == [here, other])
    }

    @Test("an id that is listed at another node's address too does not hide that node, in whatever order they come")
    func hidden() {
        for list in [[here, there, other], [there, other, here], [other, there, here]] {
            var machine = make()
            var now = start
            for _ in 0..<4 {
                for action in machine.directoryArrived(list, now: now) {
                    if case .connect(let node) = action { _ = machine.connected(node, now: now) }
                    // Left in order: it ends, and its id is free for the other address.
                    if case .leave(let node) = action { _ = machine.disconnected(node, now: now) }
                }
                now += .seconds(10)
            }
            #expect(machine.identities == [here, other], "\(list)")
            #expect(machine.directoryArrived(list, now: now) == [])
        }
    }
}
