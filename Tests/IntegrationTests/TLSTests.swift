import ConnmixDevEngine
import Logging
import NIOCore
import NIOPosix
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("TLS and credentials", .timeLimit(.minutes(1)))
struct TLSTests {
    @Test(
        "https: center and nodes by TLS, under an own authority, by address and by name", arguments: ["127.0.0.1", "localhost"])
    func secure(host: String) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(secureEngine(nodes: 2, host == "localhost" ? "named" : "server")) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.centers = ["https://" + engine.center.replacing("127.0.0.1", with: host)]
                configuration.tls.trustRoots = certificate("ca")
                configuration.rewriteAddress = { NodeAddress(host: host, port: $0.port) }
                try await withConsumer(configuration, handlers: echo) { _ in
                    for node in engine.nodes { try await expectAnswer(engine, node: node.id) }
                    try await engine.dropConnections()
                    for node in engine.nodes { try await expectAnswer(engine, node: node.id) }
                }
                try await engine.waitUntil { $0.nodes.allSatisfy { $0.connections == 0 } }
            }
        }
    }

    @Test("a client certificate, where engines ask for one")
    func clientCertificate() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(secureEngine(clientRoots: certificate("ca"))) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.centers = ["https://\(engine.center)"]
                configuration.tls.trustRoots = certificate("ca")
                let missing = try await trouble(configuration)
                #expect(missing?.contains("asks for a client certificate") == true, "\(missing ?? "")")
                configuration.tls.clientCertificate = .init(
                    certificate: certificate("other-client"), key: certificate("other-client-key"))
                let unfit = try await trouble(configuration)
                #expect(unfit?.contains("does not accept the client certificate") == true, "\(unfit ?? "")")
                configuration.tls.clientCertificate = .init(certificate: certificate("client"), key: certificate("client-key"))
                try await withConsumer(configuration, handlers: echo) { _ in
                    try await expectAnswer(engine)
                }
                configuration.tls.clientCertificate?.key = certificate("server-key")
                let error = await #expect(throws: ConnmixError.self) {
                    try await withConsumer(configuration, handlers: echo) { _ = await $0.events.trouble() }
                }
                #expect(error?.code == .invalidConfiguration)
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var server: String?
        var center: String
        var roots: String?
        var says: String

        init(_ name: String, server: String? = nil, center: String, roots: String? = nil, says: String) {
            (testDescription, self.server, self.center, self.roots, self.says) = (name, server, center, roots, says)
        }
    }

    static let cases = [
        Case("wrong authority", server: "server", center: "https://", roots: "other-ca", says: "no trusted authority"),
        Case("the system's authorities", server: "server", center: "https://", says: "no trusted authority"),
        Case("expired", server: "expired", center: "https://", roots: "ca", says: "expired"),
        Case("wrong name", server: "other-name", center: "https://", roots: "ca", says: "another name than 127.0.0.1"),
        Case(
            "a name where an address is connected to", server: "named", center: "https://", roots: "ca",
            says: "another name than 127.0.0.1"),
        Case("TLS spoken to a plain port", center: "https://", roots: "ca", says: "write http://"),
        Case("plain spoken to a TLS port", server: "server", center: "http://", says: "write https://"),
    ]

    @Test("what fails in TLS is told by its cause, at the center", arguments: cases)
    func centerFailures(_ failure: Case) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(failure.server.map { secureEngine($0) } ?? .init()) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.centers = [failure.center + engine.center]
                configuration.tls.trustRoots = failure.roots.map(certificate)
                let text = try await trouble(configuration)
                #expect(text?.contains(failure.says) == true, "\(text ?? "")")
                #expect(text?.contains(engine.center) == true, "\(text ?? "")")
            }
        }
    }

    @Test(
        "what fails in TLS is told by its cause, at a node",
        arguments: cases.filter { $0.roots != "other-ca" && $0.roots != nil || $0.center == "http://" })
    func nodeFailures(_ failure: Case) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(failure.center == "https://" ? secureEngine() : .init()) { center in
                try await withDevEngine(failure.server.map { secureEngine($0) } ?? .init()) { engine in
                    let node = try NodeAddress(engine.nodes[0].api)
                    var configuration = testConfiguration(database, center)
                    configuration.centers = [failure.center + center.center]
                    configuration.tls.trustRoots = failure.roots.map(certificate)
                    configuration.rewriteAddress = { _ in node }
                    let text = try await trouble(configuration)
                    #expect(text?.contains(failure.says) == true, "\(text ?? "")")
                    #expect(text?.contains("\(node)") == true, "\(text ?? "")")
                }
            }
        }
    }

    @Test("user and password go to center and nodes, and into no event, log or status")
    func credentials() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 1)) { engine in
                try await engine.configure { $0.credentials = .init(user: "han@na", password: "se:cret") }
                var configuration = testConfiguration(database, engine)
                configuration.centers = ["http://han%40na:se%3Acret@\(engine.center)"]
                let log = LineLog()
                let consumer = ConnmixConsumer(
                    configuration: configuration, handlers: echo, logger: log.logger)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await consumer.run() }
                    try await expectAnswer(engine)
                    let status = try Inspector(database: database).status()
                    #expect(!"\(status)".contains("cret") && !"\(status)".contains("han@"))
                    // Refused from now on, by the node and by the center.
                    try await engine.configure { $0.credentials?.password = "other" }
                    try await engine.dropConnections()
                    var texts: [String] = []
                    var sawNode = false
                    var sawCenter = false
                    for await event in consumer.events {
                        texts.append("\(event)")
                        if case .nodeUnreachable(_, let reason) = event {
                            sawNode = true
                            #expect(reason.contains("refused the user and password"))
                        }
                        if case .centerTrouble(let reason?) = event {
                            sawCenter = true
                            #expect(reason.contains("refused the user and password"))
                        }
                        if sawNode && sawCenter { break }
                    }
                    let shown = texts + log.lines
                    #expect(shown.allSatisfy { !$0.contains("cret") && !$0.contains("han@") && !$0.contains("han%") })
                    #expect(!log.lines.isEmpty)
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("401 and 403 tell which credentials are missing or refused")
    func refusals() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                try await engine.setHandshake(.status(403), node: engine.nodes[0].id)
                let node = try await trouble(configuration)
                #expect(node?.contains("asks for a user and password") == true, "\(node ?? "")")
                try await engine.configure { $0.credentials = .init(user: "u", password: "p") }
                let missing = try await trouble(configuration)
                #expect(missing?.contains("asks for a user and password") == true, "\(missing ?? "")")
                configuration.centers = ["u:secret@\(engine.center)"]
                let refused = try await trouble(configuration)
                #expect(refused?.contains("refused the user and password") == true, "\(refused ?? "")")
                #expect(refused?.contains("secret") == false)
            }
        }
    }

    @Test("a name is sent as SNI, an address is not (RFC 6066)", arguments: ["localhost", "127.0.0.1"])
    func serverName(host: String) async throws {
        try await withTemporaryDatabase { database in
            try await RawPeer.with { peer in
                var configuration = ConsumerConfiguration(
                    database: database, centers: ["https://\(host):\(peer.port)"], topics: ["chat"])
                configuration.connectTimeout = .seconds(5)
                try await withConsumer(configuration, handlers: echo) { _ in
                    let hello = try await peer.firstBytes()
                    #expect(hello.first == 0x16)
                    #expect(hello.contains(Array(host.utf8)) == (host == "localhost"))
                }
            }
        }
    }

    private func trouble(_ configuration: ConsumerConfiguration) async throws -> String? {
        try await withConsumer(configuration, handlers: echo) { await $0.events.trouble() }
    }
}
