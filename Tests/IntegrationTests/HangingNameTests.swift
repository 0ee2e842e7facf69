import ConnmixDevEngine
import Dispatch
import NIOCore
import NIOPosix
import Testing

@testable import ConnmixDurable

@Suite("names that hang", .timeLimit(.minutes(1)))
struct HangingNameTests {
    /// Hands events on, and wants nothing.
    private final class Listener: ClusterDelegate, ConnectionDelegate {
        let (events, continuation) = AsyncStream<ConsumerEvent>.makeStream()

        func received(_ messages: [ReceivedMessage], from connection: NodeConnection) {}
        func connected(_ connection: NodeConnection) { continuation.yield(.nodeConnected(connection.identity)) }
        func disconnected(_ connection: NodeConnection, reason: String, clean: Bool) {
            continuation.yield(.nodeDisconnected(connection.identity, reason: reason, clean: clean))
        }
        func settled(_ outcomes: [CommandOutcome], by route: any CommandRoute) {}
        func routeOpened(_ route: HTTPRoute) {}
        func routeClosed(_ route: HTTPRoute) {}
        func writable(_ isWritable: Bool, _ connection: NodeConnection) {}
        func shouldRead() -> Bool { true }
        func shouldConsume() -> Bool { false }
        func restingTopics() -> Set<String> { [] }
        func directoryKnown() {}
        func nodeGone(_ identity: NodeIdentity, livesOn: Bool) {}
        func happened(_ event: ConsumerEvent) { continuation.yield(event) }
    }

    private static let gate = DispatchSemaphore(value: 0)
    private static let asked = Locked<[String]>([])
    /// Lives as long as the process; what hangs in it does so until then.
    private static let names = NameLookup { host in
        asked.withLock { $0.append(host) }
        gate.wait()
        return []
    }

    @Test("P9: a node and a center whose names hang delay nobody: the others are connected to, and again after a loss")
    func others() async throws {
        try await withDevEngine { engine in
            let good = engine.nodes[0]
            try await engine.setCenter(
                .body(
                    #"{"nodes":[{"id":"far","api_server":"hang.test:1"},{"id":"\#(good.id)","api_server":"\#(good.api)"}]}"#))
            var settings = Cluster.Settings(
                centers: [try CenterAddress("center.test:1"), try CenterAddress(engine.center)],
                connection: NodeConnectionMachine.Settings(topics: ["chat"]))
            settings.connectTimeout = .seconds(1)
            settings.names = Self.names
            settings.machine.backoffBase = .milliseconds(1)
            settings.machine.backoffCap = .milliseconds(1)
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let listener = Listener()
            let cluster = Cluster(settings: settings, loop: group.next(), delegate: listener)
            cluster.start()
            // Meanwhile the other name's look-up begins, ends in vain and begins again, all the time.
            var connects = 0
            var failures = 0
            var reason = ""
            for await event in listener.events {
                switch event {
                case .nodeConnected(let node) where node.id == good.id:
                    connects += 1
                    if connects < 20 { try await engine.dropConnections() }
                case .nodeUnreachable(let node, let why):
                    #expect(node.id == "far")
                    failures += 1
                    reason = why
                default: break
                }
                if connects >= 20, failures >= 2 { break }
            }
            #expect(reason == #"hang.test:1 cannot be reached: the look-up of the name "hang.test" has not ended in time"#)
            // Twenty reconnects took no longer than a few look-ups.
            #expect(failures < 10)
            #expect(Self.asked.withLock { $0.sorted() } == ["center.test", "hang.test"])
            await cluster.leave(within: .seconds(5))
            try await group.shutdownGracefully()
        }
    }
}
