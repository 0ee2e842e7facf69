import ConnmixDevEngine
import Testing

/// The control endpoint on the center's port.
@Suite(.timeLimit(.minutes(1))) struct NodeControlTests {
    @Test func listsAddsAndActs() async throws {
        try await withDevEngine(.init(nodes: 2)) { engine in
            let center = engine.center
            let second = engine.nodes[1].id
            let list = try await RawSocket.body(center, "/dev/nodes")
            #expect(list?.hasPrefix(#"{"nodes":[{"number":1,"id":"\#(engine.nodes[0].id)","api":"#) == true)

            #expect(try await RawSocket.body(center, "/dev/nodes", post: "")?.contains(#""number":3,"#) == true)
            #expect(engine.nodes.count == 3)

            let removed = try await RawSocket.body(center, "/dev/nodes/\(second)/remove", post: "")
            #expect(removed?.contains(#""number":2,"id":"\#(second)""#) == true && removed?.contains(#""listed":false"#) == true)
            #expect(try await RawSocket.body(center, "/v1/nodes")?.contains(second) == false)

            let restarted = try await RawSocket.body(center, "/dev/nodes/1/restart", post: "")
            let id = engine.nodes[0].id
            #expect(restarted?.contains(#""id":"\#(id)""#) == true && restarted?.contains(#""previous_id":""#) == true)

            #expect(try await RawSocket.body(center, "/dev/nodes/1/cut", post: "")?.contains(#""cut":true"#) == true)
            #expect(try await engine.snapshot().nodes[0].isCut)
            #expect(try await RawSocket.body(center, "/dev/nodes/1/heal", post: "")?.contains(#""cut":false"#) == true)
            #expect(try await engine.snapshot().nodes[0].isCut == false)
        }
    }

    @Test func worksWhileTheCenterIsSick() async throws {
        try await withDevEngine { engine in
            try await engine.setCenter(.hang)
            #expect(try await RawSocket.body(engine.center, "/dev/nodes") != nil)
        }
    }

    @Test(arguments: [
        "/dev/nodes/3/cut", "/dev/nodes/0/cut", "/dev/nodes/x/cut", "/dev/nodes/1/fly", "/dev/nodes/1", "/dev/nodesx/1/cut",
    ])
    func refusesWhatIsNotThere(_ path: String) async throws {
        try await withDevEngine { engine in
            let answer = try await RawSocket.http(engine.center, path, post: "")
            #expect(answer.hasPrefix("HTTP/1.1 404"))
        }
    }

    @Test func refusesStoppedNodesAndPagesInBrowsers() async throws {
        try await withDevEngine { engine in
            let request =
                "POST /dev/nodes HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            let answer = try await RawSocket.exchange(engine.center, Array(request.utf8))
            #expect(answer.hasPrefix("HTTP/1.1 403"))
            try await engine.stopNode(engine.nodes[0].id)
            #expect(try await RawSocket.http(engine.center, "/dev/nodes/1/cut", post: "").hasPrefix("HTTP/1.1 409"))
        }
    }
}
