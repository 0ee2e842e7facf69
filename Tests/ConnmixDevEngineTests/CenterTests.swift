import ConnmixDevEngine
import Testing

@Suite(.timeLimit(.minutes(1))) struct CenterTests {
    @Test func listsItsNodes() async throws {
        try await withDevEngine(.init(nodes: 2)) { engine in
            let version = try await RawSocket.body(engine.center, "/version")
            #expect(version == #"{"apis":["v1"]}"#)
            let nodes = engine.nodes
            #expect(nodes.count == 2)
            #expect(nodes.allSatisfy { $0.id.count == 10 && $0.id.allSatisfy { ("a"..."z").contains($0) } })
            let list = nodes.map { #"{"id":"\#($0.id)","api_server":"\#($0.api)"}"# }.joined(separator: ",")
            #expect(try await RawSocket.body(engine.center, "/v1/nodes") == #"{"nodes":[\#(list)]}"#)
            #expect(try await RawSocket.http(engine.center, "/v2/nodes").hasPrefix("HTTP/1.1 404"))
            #expect(try await engine.snapshot().centerRequests == 3)
        }
    }

    @Test func answersNonsense() async throws {
        try await withDevEngine { engine in
            try await engine.setCenter(.status(500))
            #expect(try await RawSocket.http(engine.center, "/v1/nodes").hasPrefix("HTTP/1.1 500"))
            try await engine.setCenter(.body("{\"nodes"))
            #expect(try await RawSocket.body(engine.center, "/v1/nodes") == "{\"nodes")
            #expect(try await RawSocket.body(engine.center, "/version") == #"{"apis":["v1"]}"#)
            try await engine.setCenter(.version("[]"))
            #expect(try await RawSocket.body(engine.center, "/version") == "[]")
            try await engine.setCenter(.nothing)
            #expect(try await RawSocket.body(engine.center, "/v1/nodes") == #"{"nodes":[]}"#)
            try await engine.setCenter(.null)
            #expect(try await RawSocket.body(engine.center, "/v1/nodes") == #"{"nodes":null}"#)
            try await engine.setCenter(.close)
            #expect(try await RawSocket.http(engine.center, "/version") == "")
        }
    }

    @Test func goesDownAndComesBackAtTheSameAddress() async throws {
        try await withDevEngine { engine in
            let address = engine.center
            try await engine.setCenter(.down)
            await #expect(throws: (any Error).self) { try await RawSocket.http(address, "/version") }
            try await engine.setCenter(.normal)
            #expect(engine.center == address)
            #expect(try await RawSocket.body(address, "/version") != nil)
        }
    }

    @Test func hangs() async throws {
        try await withDevEngine { engine in
            try await engine.setCenter(.hang)
            async let answer = RawSocket.http(engine.center, "/version")
            try await engine.waitUntil { $0.centerRequests == 1 }
            try await engine.setCenter(.down)
            #expect(try await answer == "")
        }
    }
}
