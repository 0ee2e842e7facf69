import ConnmixDevEngine
import FoundationEssentials
import Testing

@testable import ConnmixDurable

extension AsyncStream<ConsumerEvent> {
    /// The first event of which `find` makes something; earlier ones are dropped.
    func find<T: Sendable>(_ find: (ConsumerEvent) -> T?) async -> T? {
        for await event in self {
            if let found = find(event) { return found }
        }
        return nil
    }

    /// The next thing that is wrong with the center or a node.
    func trouble() async -> String? {
        await find { event in
            switch event {
            case .centerTrouble(let reason?): reason
            case .nodeUnreachable(_, let reason), .nodeDisconnected(_, let reason, clean: false): reason
            case .nodeNotConsuming(_, let reason): "\(reason)"
            default: nil
            }
        }
    }
}

/// A file of Tests/Certificates.
func certificate(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Certificates/\(name).pem").path
}

/// An engine that speaks TLS with a certificate of Tests/Certificates.
func secureEngine(nodes: Int = 1, _ name: String = "server", clientRoots: String? = nil) -> DevEngine.Configuration {
    var configuration = DevEngine.Configuration(nodes: nodes)
    configuration.tls = .init(
        certificate: certificate(name), key: certificate("\(name)-key"), clientRoots: clientRoots)
    return configuration
}

/// Sends a message as a new end user of a node, and expects the echo of it.
func expectAnswer(
    _ engine: DevEngine, node: String? = nil, _ text: String = "hi", location: SourceLocation = #_sourceLocation
) async throws {
    let user = try await engine.connectEndUser(node: node)
    try await user.send(text)
    var frames = user.frames.makeAsyncIterator()
    let answer = await frames.next()?.text
    #expect(answer == "received: \(text)", sourceLocation: location)
}
