import Dispatch
import NIOCore
import NIOPosix
import Testing

@testable import ConnmixDurable

@Suite("names", .timeLimit(.minutes(1)))
struct NameLookupTests {
    /// Knows `ok.test`, has no answer to any `hang` until it is let go, and counts what it is asked.
    private final class Names: Sendable {
        let asked = Locked<[String: Int]>([:])
        private let gate = DispatchSemaphore(value: 0)

        func resolve(_ host: String) throws -> [SocketAddress] {
            asked.withLock { $0[host, default: 0] += 1 }
            if host.hasPrefix("hang") {
                gate.wait()
                gate.signal()
            }
            guard host.hasSuffix(".test") else { throw NameLookup.Failure(description: "no such name") }
            return [try SocketAddress(ipAddress: "127.0.0.1", port: 0)]
        }

        func letGo() { gate.signal() }
    }

    private static let names = Names()
    /// Lives as long as the process, as the one that is used does.
    private static let lookup = NameLookup { try names.resolve($0) }
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    @Test("P9: a name that hangs holds up no other one, is asked for once, and nobody waits longer than its own limit")
    func hanging() async throws {
        for name in ["hang1.test", "hang2.test", "hang3.test"] {
            for _ in 0..<4 {
                await #expect(throws: NameLookup.Failure.self) {
                    try await Self.lookup.addresses(of: name, within: .milliseconds(20), on: loop).get()
                }
            }
        }
        #expect(try await Self.lookup.addresses(of: "ok.test", within: .seconds(30), on: loop).get().count == 1)
        #expect(Self.names.asked.withLock { $0["hang1.test"] } == 1)
        let late = Self.lookup.addresses(of: "hang1.test", within: .seconds(30), on: loop)
        Self.names.letGo()
        #expect(try await late.get().count == 1)
        await #expect(throws: NameLookup.Failure.self) {
            try await Self.lookup.addresses(of: "unknown", within: .seconds(30), on: loop).get()
        }
    }

    @Test("a loop that ends takes its question with it")
    func loopEnds() async throws {
        let names = Names()
        let gate = DispatchSemaphore(value: 0)
        let lookup = NameLookup { host in
            gate.wait()
            return try names.resolve(host)
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (ends, continuation) = AsyncStream<Bool>.makeStream()
        let question = lookup.addresses(of: "ok.test", within: .hours(1), on: group.next())
        question.whenComplete { result in
            if case .failure(is NameLookup.Failure) = result { continuation.yield(true) } else { continuation.yield(false) }
        }
        try await group.shutdownGracefully()
        #expect(await ends.first { _ in true } == true)
        // The thread comes back to nobody.
        gate.signal()
        gate.signal()
        _ = try await lookup.addresses(of: "ok.test", within: .seconds(30), on: loop).get()
        Self.kept.withLock { $0.append(lookup) }
    }

    private static let kept = Locked<[NameLookup]>([])

    @Test("addresses are connected to without a look-up, names with one, and a name that hangs says so")
    func dialing() async throws {
        let names = Names()
        let lookup = NameLookup { try names.resolve($0) }
        Self.kept.withLock { $0.append(lookup) }
        defer { names.letGo() }
        let server = try await ServerBootstrap(group: loop).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let dialer = Dialer(loop: loop, names: lookup)
        for host in ["127.0.0.1", "ok.test"] {
            let channel = try await dialer.connect(to: NodeAddress(host: host, port: port), within: .seconds(30)) { channel in
                channel.eventLoop.makeSucceededVoidFuture()
            }.get()
            #expect(channel.remoteAddress?.port == port)
            try await channel.close()
        }
        let six = try? await ServerBootstrap(group: loop).bind(host: "::1", port: 0).get()
        if let six, let port = six.localAddress?.port {
            let channel = try await dialer.connect(to: try NodeAddress("[::1]:\(port)"), within: .seconds(30)) { channel in
                channel.eventLoop.makeSucceededVoidFuture()
            }.get()
            try await channel.close()
            try await six.close()
        }
        #expect(names.asked.withLock { $0 } == ["ok.test": 1])
        let connector = NodeConnector(loop: loop, timeout: .milliseconds(50), names: lookup)
        let node = NodeIdentity(id: "n", address: NodeAddress(host: "hang.test", port: port))
        let error = await #expect(throws: ConnmixError.self) {
            try await connector.connect(to: node) { fatalError("it cannot be connected") }.get()
        }
        #expect(
            error?.message == #"hang.test:\#(port) cannot be reached: the look-up of the name "hang.test" has not ended in time"#)
        let center = CenterClient(loop: loop, timeout: .milliseconds(50), names: lookup)
        let silent = await #expect(throws: ConnmixError.self) {
            try await center.exchange("/version", try CenterAddress("hang.test:\(port)")).get()
        }
        #expect(silent?.message.contains("has not ended in time") == true)
        try await server.close()
    }

    @Test("the system's own names")
    func system() async throws {
        let found = try await NameLookup.shared.addresses(of: "localhost", within: .seconds(30), on: loop).get()
        #expect(!found.isEmpty)
        let error = await #expect(throws: NameLookup.Failure.self) {
            try await NameLookup.shared.addresses(of: "no such name", within: .seconds(30), on: loop).get()
        }
        #expect(error?.description.contains(#"the name "no such name" is not known ("#) == true)
    }
}
