import ConnmixDevEngine
import ConnmixDurable
import FoundationEssentials
import Testing
import TestSupport

@Suite("reconnects", .timeLimit(.minutes(1)))
struct ReconnectTests {
    /// Of this process, consumer and engine together.
    private struct Resources {
        var descriptors: Int
        var residentBytes: Int

        init() throws {
            descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            let statm = String(decoding: try Data(contentsOf: URL(fileURLWithPath: "/proc/self/statm")), as: UTF8.self)
            let pages = try #require(statm.split(separator: " ").dropFirst().first.flatMap { Int($0) })
            residentBytes = pages * 4_096
        }
    }

    @Test("P9: a thousand reconnects leak no descriptor and no memory", arguments: [(false, 1_000), (true, 100)])
    func leaks(secure: Bool, count: Int) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(secure ? secureEngine() : .init()) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.centers = [(secure ? "https://" : "") + engine.center]
                configuration.tls.trustRoots = secure ? certificate("ca") : nil
                configuration.backoffBase = .milliseconds(1)
                configuration.backoffCap = .milliseconds(1)
                try await withConsumer(configuration, handlers: echo) { _ in
                    func reconnect(_ times: Int) async throws {
                        for _ in 0..<times {
                            let seen = try await engine.waitUntil { $0.nodes[0].consumers == 1 }.nodes[0].accepted
                            try await engine.dropConnections()
                            try await engine.waitUntil { $0.nodes[0].accepted > seen }
                        }
                        try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    }
                    try await reconnect(count / 5)
                    let before = try Resources()
                    try await reconnect(count)
                    let after = try Resources()
                    // A look at the center may be under way at either moment.
                    #expect(after.descriptors <= before.descriptors + 8, "\(before) \(after)")
                    if !AddressSanitizer.isHere {
                        #expect(after.residentBytes <= before.residentBytes + (16 << 20), "\(before) \(after)")
                    }
                    #expect(try await engine.snapshot().nodes[0].connections == 1)
                    try await expectAnswer(engine)
                }
            }
        }
    }

    @Test(
        "P9: attempts that fail leak nothing either",
        arguments: [DevEngine.Handshake.status(503), .close, .raw("nonsense\r\n\r\n"), .hang])
    func failures(_ handshake: DevEngine.Handshake) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.backoffBase = .milliseconds(1)
                configuration.backoffCap = .milliseconds(1)
                configuration.connectTimeout = .milliseconds(20)
                try await engine.setHandshake(handshake, node: engine.nodes[0].id)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    func fail(_ times: Int) async {
                        var count = 0
                        for await event in consumer.events {
                            if case .nodeUnreachable = event { count += 1 }
                            if count == times { return }
                        }
                    }
                    await fail(20)
                    let before = try Resources()
                    await fail(100)
                    let after = try Resources()
                    #expect(after.descriptors <= before.descriptors + 8, "\(before) \(after)")
                    try await engine.setHandshake(.accept, node: engine.nodes[0].id)
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                }
            }
        }
    }
}
