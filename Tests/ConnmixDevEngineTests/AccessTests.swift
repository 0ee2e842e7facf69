import ConnmixDevEngine
import Testing

@Suite(.timeLimit(.minutes(1))) struct AccessTests {
    private func get(_ address: String, _ path: String, _ authorization: String) async throws -> String {
        let text = "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(authorization)\r\n"
        return try await RawSocket.exchange(address, Array(text.utf8))
    }

    @Test func asksForCredentials() async throws {
        try await withDevEngine { engine in
            try await engine.configure { $0.credentials = .init(user: "aladdin", password: "opensesame") }
            let right = "Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l\r\n"
            #expect(try await get(engine.center, "/version", right).hasPrefix("HTTP/1.1 200"))
            for wrong in ["", "Authorization: Basic eDp5\r\n", "Authorization: Basic\r\n", "Authorization: Bearer x\r\n"] {
                let answer = try await get(engine.center, "/v1/nodes", wrong)
                #expect(answer.hasPrefix("HTTP/1.1 401") && answer.contains("WWW-Authenticate: Basic"))
                #expect(!answer.contains("nodes"))
                #expect(try await get(engine.nodes[0].api, "/v1/mesh/send", wrong).hasPrefix("HTTP/1.1 401"))
            }
            let upgrade = RawSocket.upgrade
            let refused = try await RawSocket.exchange(engine.nodes[0].api, Array(upgrade.utf8), until: "}")
            #expect(refused.hasPrefix("HTTP/1.1 401"))
            let taken = try await RawSocket.exchange(
                engine.nodes[0].api, Array((upgrade.dropLast() + right + "\r\n").utf8), until: "\r\n\r\n")
            #expect(taken.hasPrefix("HTTP/1.1 101"))
        }
    }

    @Test func refusesAUselessCertificate() async throws {
        var configuration = DevEngine.Configuration()
        configuration.tls = .init(certificate: "/no/such", key: "/no/such")
        let error = await #expect(throws: DevEngineError.self) { try await DevEngine.start(configuration) }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func countsGoodbyes() async throws {
        try await withDevEngine { engine in
            // A masked close frame with 1000, and one without a code.
            for frame: [UInt8] in [[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8], [0x88, 0x80, 0, 0, 0, 0]] {
                _ = try await RawSocket.exchange(engine.nodes[0].api, Array(RawSocket.upgrade.utf8) + frame)
            }
            try await engine.waitUntil { $0.nodes[0].goodbyes == [1000: 1, 1005: 1] }
        }
    }

    @Test func trickles() async throws {
        try await withDevEngine { engine in
            try await engine.setCenter(.trickle)
            let request = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
            let answer = try await RawSocket.exchange(engine.center, Array(request.utf8), until: "\r\n\r\n   ")
            #expect(answer.contains("200 OK") && !answer.contains("apis"))
        }
    }
}
