import ConnmixDevEngine
import ConnmixDurable
import Testing
import TestSupport

@Suite("centers in trouble", .timeLimit(.minutes(1)))
struct SickCenterTests {
    static let sick: [DevEngine.CenterBehaviour] = [
        .down, .close, .hang, .trickle, .status(500), .status(302), .nothing, .null, .version("[]"),
        .version(#"{"apis":["v2"]}"#), .version(#"{"apis":null}"#), .body(""), .body(#"{"nodes":[{"id":"x","api_se"#),
        .body(#"{"nodes":"none"}"#), .body(#"{"nodes":[{"id":"x","api_server":7}]}"#),
        .body(#"{"nodes":[{"id":"x","api_server":"user:secret@h:1"}]}"#), .body(String(repeating: " ", count: 5 << 20)),
    ]

    @Test("P9: a sick center never tears down healthy node connections, and is heeded again when it is well", arguments: sick)
    func undisturbed(_ behaviour: DevEngine.CenterBehaviour) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.directoryRefresh = .milliseconds(20)
                configuration.connectTimeout = .milliseconds(500)
                configuration.backoffCap = .milliseconds(20)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    try await engine.setCenter(behaviour)
                    let trouble = await consumer.events.trouble()
                    #expect(trouble?.isEmpty == false)
                    #expect(trouble?.contains("secret") == false)
                    if behaviour != .down {
                        // Asked again and again: one absence is forgiven anyhow.
                        let before = try await engine.snapshot().centerRequests
                        try await engine.waitUntil { $0.centerRequests >= before + 3 }
                    }
                    for node in engine.nodes { try await expectAnswer(engine, node: node.id) }
                    #expect(try await engine.snapshot().nodes.map(\.accepted) == [1, 1])
                    try await engine.setCenter(.normal)
                    let added = try await engine.addNode()
                    try await expectAnswer(engine, node: added.id)
                }
            }
        }
    }

    @Test(
        "P9: several centers are asked in turn until one names nodes",
        arguments: [
            DevEngine.CenterBehaviour.down, .hang, .nothing, .status(503), .body("<html>"),
        ])
    func inTurn(_ behaviour: DevEngine.CenterBehaviour) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 0)) { first in
                try await withDevEngine { second in
                    try await first.setCenter(behaviour)
                    var configuration = testConfiguration(database, second)
                    configuration.centers = [first.center, second.center]
                    configuration.connectTimeout = .milliseconds(300)
                    try await withConsumer(configuration, handlers: echo) { consumer in
                        try await expectAnswer(second)
                        // Both in trouble: what is known is kept.
                        try await second.setCenter(.status(500))
                        #expect(await consumer.events.trouble() != nil)
                        try await expectAnswer(second, "still")
                        #expect(try await second.snapshot().nodes.map(\.accepted) == [1])
                    }
                }
            }
        }
    }

    @Test("P9: a node that the center lists and nobody answers for is tried again; the others are undisturbed")
    func deadNode() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    let (dead, alive) = (engine.nodes[0].id, engine.nodes[1].id)
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    try await engine.stopNode(dead)
                    var attempts = 0
                    for await event in consumer.events {
                        guard case .nodeUnreachable(let identity, let reason) = event else { continue }
                        #expect(identity.id == dead && reason.contains("cannot be reached"))
                        attempts += 1
                        if attempts == 3 { break }
                    }
                    try await expectAnswer(engine, node: alive)
                    #expect(try await engine.snapshot().node(alive)?.accepted == 1)
                    let again = try await engine.startNode(dead)
                    try await expectAnswer(engine, node: again.id)
                }
            }
        }
    }

    @Test("P9: a center that has just restarted lists some nodes only: a healthy one that it leaves out stays")
    func restarted() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.directoryRefresh = .seconds(30)
                try await withConsumer(configuration, handlers: echo) { _ in
                    let (listed, missing) = (engine.nodes[0], engine.nodes[1])
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    try await engine.setCenter(
                        .body(#"{"nodes":[{"id":"\#(listed.id)","api_server":"\#(listed.api)"}]}"#))
                    // A lost connection is a reason to ask the center at once: three lists in a moment.
                    for _ in 0..<3 {
                        let asked = try await engine.snapshot().centerRequests
                        try await engine.dropConnections(node: listed.id)
                        try await engine.waitUntil { $0.centerRequests >= asked + 2 && $0.node(listed.id)?.consumers == 1 }
                    }
                    try await expectAnswer(engine, node: missing.id)
                    #expect(try await engine.snapshot().node(missing.id)?.accepted == 1)
                    #expect(try await engine.received().allSatisfy { $0.method != "queue.unpop" })
                }
            }
        }
    }

    @Test("P9: bad entries of a list are left out and told; the good one is consumed")
    func badEntries() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let good = engine.nodes[0]
                try await engine.setCenter(
                    .body(
                        #"{"nodes":[7,{"id":"bad","api_server":"no port"},{"id":"\#(good.id)","api_server":"\#(good.api)"}]}"#))
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    let trouble = await consumer.events.trouble()
                    #expect(trouble?.contains(#"node "bad": "no port" is no address"#) == true, "\(trouble ?? "")")
                    #expect(trouble?.contains("an entry is no object") == true)
                    try await expectAnswer(engine, node: good.id)
                }
            }
        }
    }

    @Test("one id at two addresses is one connection, and told")
    func twoAddresses() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                let (first, second) = (engine.nodes[0], engine.nodes[1])
                func list(_ addresses: String...) -> DevEngine.CenterBehaviour {
                    let entries = addresses.map { #"{"id":"x","api_server":"\#($0)"}"# }
                    return .body(#"{"nodes":[\#(entries.joined(separator: ","))]}"#)
                }
                try await engine.setCenter(list(first.api, second.api))
                var configuration = testConfiguration(database, engine)
                configuration.directoryRefresh = .milliseconds(20)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    let trouble = await consumer.events.trouble()
                    #expect(
                        trouble?.contains(#"node "x" is listed at \#(second.api) and is \#(first.api), one connection an id"#)
                            == true,
                        "\(trouble ?? "")")
                    try await engine.waitUntil { $0.node(first.id)?.consumers == 1 }
                    try await engine.setCenter(list(second.api, first.api))
                    let asked = try await engine.snapshot().centerRequests
                    try await engine.waitUntil { $0.centerRequests >= asked + 8 }
                    #expect(try await engine.snapshot().nodes.map(\.accepted) == [1, 0])
                    // The id's address changes: it is followed, in order.
                    try await engine.setCenter(list(second.api))
                    try await engine.waitUntil { $0.node(second.id)?.consumers == 1 && $0.node(first.id)?.connections == 0 }
                    #expect(try await engine.snapshot().node(first.id)?.goodbyes == [1000: 1])
                }
            }
        }
    }
}
