import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("ways to nodes: attempts, HTTP in their place, and centers in turn")
struct ClusterRouteTests {
    private let start = ContinuousClock.now
    private let a = NodeIdentity(id: "a", address: NodeAddress(host: "10.0.0.1", port: 1))
    private let b = NodeIdentity(id: "b", address: NodeAddress(host: "10.0.0.2", port: 1))
    private let a2 = NodeIdentity(id: "a2", address: NodeAddress(host: "10.0.0.1", port: 1))

    private func make(_ nodes: [NodeIdentity], centers: Int = 1, httpFallback: Bool = true) -> ClusterMachine {
        var machine = ClusterMachine(
            settings: .init(centers: centers, httpFallback: httpFallback), now: start, random: SeededGenerator(seed: 1))
        _ = machine.tick(now: start)
        _ = machine.directoryArrived(nodes, now: start)
        return machine
    }

    @Test("a node whose attempt failed is asked for HTTP, once, and takes commands when it says so")
    func opened() {
        var machine = make([a, b])
        #expect(machine.attemptFailed(a, now: start) == [.askHTTP(a)])
        #expect(machine.tick(now: start + .milliseconds(100)).contains(.connect(a)))
        #expect(machine.attemptFailed(a, now: start) == [])
        #expect(machine.answeredHTTP(a, takesCommands: false) == [])
        #expect(machine.tick(now: start + .seconds(1)).contains(.connect(a)))
        #expect(machine.attemptFailed(a, now: start) == [.askHTTP(a)])
        #expect(machine.answeredHTTP(a, takesCommands: true) == [.openRoute(a)])
        #expect(machine.attemptFailed(b, now: start) == [.askHTTP(b)])
        #expect(machine.answeredHTTP(b, takesCommands: true) == [.openRoute(b)])
        #expect(machine.routeFailed(a) == [.closeRoute(a)])
        #expect(machine.routeFailed(a) == [])
    }

    @Test("HTTP ends where a WebSocket opens, where the node is gone, and at the stop; and is not begun where nobody wants it")
    func closed() {
        func makeOpen() -> ClusterMachine {
            var machine = make([a, b])
            _ = machine.attemptFailed(a, now: start)
            _ = machine.answeredHTTP(a, takesCommands: true)
            return machine
        }
        var opened = makeOpen()
        #expect(opened.connected(b, now: start) == [.closeRoute(a)])
        #expect(opened.tick(now: start + .milliseconds(100)).contains(.connect(a)))
        #expect(opened.attemptFailed(a, now: start) == [])
        var replaced = makeOpen()
        #expect(
            replaced.directoryArrived([a2, b], now: start)
                == [.closeRoute(a), .replaced(old: a, new: a2), .connect(a2)])
        var gone = makeOpen()
        _ = gone.directoryArrived([b], now: start)
        #expect(gone.directoryArrived([b], now: start + .seconds(10)) == [.closeRoute(a), .removed(a)])
        var stopped = makeOpen()
        #expect(stopped.stop() == [.closeRoute(a)])
        // An answer that comes when it is not wanted any more.
        var late = make([a, b])
        #expect(late.attemptFailed(a, now: start) == [.askHTTP(a)])
        _ = late.connected(b, now: start)
        #expect(late.answeredHTTP(a, takesCommands: true) == [])
        var off = make([a], httpFallback: false)
        #expect(off.attemptFailed(a, now: start) == [])
        var unknown = make([a])
        #expect(unknown.attemptFailed(b, now: start) == [])
    }

    @Test("P9: centers are asked in turn until one lists nodes, first the one that answered last; trouble is said when none does")
    func turns() {
        var machine = ClusterMachine(settings: .init(centers: 3), now: start, random: SeededGenerator(seed: 1))
        #expect(machine.tick(now: start) == [.ask(center: 0)])
        #expect(machine.latestCenter == nil)
        #expect(machine.directoryFailed("down", from: 0, now: start) == [.ask(center: 1)])
        // While others are asked the question is one.
        #expect(machine.tick(now: start + .seconds(60)) == [])
        #expect(machine.directoryArrived([], from: 1, now: start) == [.ask(center: 2)])
        #expect(machine.directoryArrived([a], from: 2, now: start) == [.added(a), .connect(a), .directoryKnown])
        #expect(machine.latestCenter == 2)
        let later = start + .seconds(60)
        #expect(machine.tick(now: later) == [.ask(center: 2)])
        #expect(machine.directoryFailed("down", from: 2, now: later) == [.ask(center: 0)])
        #expect(machine.directoryFailed("deaf", from: 0, now: later) == [.ask(center: 1)])
        #expect(machine.directoryFailed("dumb", from: 1, now: later) == [.centerChanged(trouble: "dumb")])
        #expect(machine.latestCenter == 2)
        _ = machine.stop()
        #expect(machine.directoryFailed("down", from: 2, now: later) == [])
    }

    @Test("a connection that opens when nobody waits for it any more is refused: replaced, removed, given up, there already")
    func unexpected() {
        var machine = make([a])
        #expect(machine.expects(a))
        #expect(machine.connected(a, now: start) == [])
        #expect(!machine.expects(a) && machine.connected(a, now: start) == nil)
        var replaced = make([a])
        #expect(replaced.directoryArrived([a2], now: start) == [.replaced(old: a, new: a2), .connect(a2)])
        #expect(!replaced.expects(a) && replaced.connected(a, now: start) == nil)
        #expect(replaced.attemptFailed(a, now: start) == [])
        #expect(replaced.connected(a2, now: start) == [])
        var removed = make([a, b])
        _ = removed.directoryArrived([b], now: start)
        #expect(removed.directoryArrived([b], now: start + .seconds(10)) == [.removed(a)])
        #expect(removed.connected(a, now: start) == nil)
        var failed = make([a])
        _ = failed.attemptFailed(a, now: start)
        #expect(failed.connected(a, now: start) == nil)
    }

    @Test("an id that comes back while its former connection is being left waits until that has ended, and is tried again")
    func leftBehind() throws {
        var machine = make([a])
        _ = machine.connected(a, now: start)
        #expect(machine.directoryArrived([a2], now: start) == [.replaced(old: a, new: a2), .leave(a), .connect(a2)])
        _ = machine.directoryArrived([a], now: start)
        #expect(
            machine.directoryArrived([a], now: start + .seconds(10)) == [.replaced(old: a2, new: a), .connect(a)])
        #expect(machine.connected(a, now: start + .seconds(10)) == nil)
        #expect(machine.disconnected(a, now: start + .seconds(10)) == [])
        #expect(machine.tick(now: start + .seconds(20)).contains(.connect(a)))
        #expect(machine.connected(a, now: start + .seconds(20)) == [])
    }

    @Test("a node that is being left and replaced meanwhile is closed at once")
    func abandoned() {
        var machine = make([a, b])
        _ = machine.connected(a, now: start)
        _ = machine.connected(b, now: start)
        _ = machine.directoryArrived([b], now: start)
        #expect(machine.directoryArrived([b], now: start + .seconds(10)) == [.leave(a)])
        #expect(
            machine.directoryArrived([a2, b], now: start + .seconds(11))
                == [.replaced(old: a, new: a2), .abandon(a), .connect(a2)])
        #expect(machine.disconnected(a, now: start + .seconds(11)) == [])
        #expect(machine.connected(a2, now: start + .seconds(11)) == [])
    }

    @Test("the form that a node answered in is known for its next connection, and for no other node")
    func form() {
        var machine = make([a])
        #expect(machine.form(of: a) == nil)
        _ = machine.connected(a, now: start)
        machine.speaks(.php105, a)
        _ = machine.disconnected(a, now: start)
        #expect(machine.form(of: a) == .php105)
        _ = machine.directoryArrived([a2], now: start)
        #expect(machine.form(of: a) == nil && machine.form(of: a2) == nil)
        machine.speaks(.docs, a)
        #expect(machine.form(of: a) == nil)
    }
}
