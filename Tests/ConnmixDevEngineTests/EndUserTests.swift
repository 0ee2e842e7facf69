import ConnmixDevEngine
import Testing

@Suite(.timeLimit(.minutes(1))) struct EndUserTests {
    @Test func chatSocketTalksToTopics() async throws {
        try await withDevEngine(.init(topics: ["chat", "orders"])) { engine in
            let node = engine.nodes[0]
            let user = try await TestSocket.connect(node.chat, path: "/chat")
            let socket = try await TestSocket.connect(node.api)
            _ = try await socket.ask(#"{"m":"queue.pop","p":{"t":["chat","orders"]},"i":1}"#)
            try await user.send("hi \"there\"\n")
            let hello = try #require(await socket.text())
            #expect(hello.contains(#""t":"chat","d":{"frame":{"type":"text","data":"hi \"there\"\n","finish":true}}"#))
            try await user.send(#"{"topic":"orders"}"#)
            #expect(await socket.text()?.contains(#""t":"orders""#) == true)
            try await user.send(#"{"topic":"secret"}"#)
            #expect(await socket.text()?.contains(#""t":"chat""#) == true)
            let id = try #require(try await engine.snapshot().nodes[0].clients.first)
            _ = try await socket.ask(#"{"m":"mesh.send","p":{"c":"\#(id)","d":"gr\u00fc\u00dfe"},"i":1}"#)
            #expect(await user.text() == "grüße")
            _ = try await socket.ask(#"{"m":"mesh.send","p":{"c":"\#(id)","d":"AAE=","t":"binary"},"i":1}"#)
            #expect(await user.next() == .binary([0, 1]))
            try await user.close()
            try await engine.waitUntil { $0.nodes[0].clientCount == 0 }
            await #expect(throws: (any Error).self) { try await TestSocket.connect(node.chat, path: "/other") }
        }
    }

    @Test(arguments: ["auth", "userauth"])
    func waitsForItsContextValue(_ op: String) async throws {
        try await withDevEngine { engine in
            let user = try await engine.connectEndUser()
            try await user.send(contentsOf: [#"{"op":"\#(op)"}"#, "later"])
            var snapshot = try await engine.snapshot()
            #expect(snapshot.nodes[0].queued == 1 && snapshot.client(user.id)?.isWaiting == true)
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            let call = #"{"m":"conn.call","p":{"c":"\#(user.id)","f":"F","a":A},"i":1}"#
            _ = try await socket.ask(
                call.replacing("\"F\"", with: "\"set_context_value\"").replacing(":A", with: #":["other",1]"#))
            snapshot = try await engine.snapshot()
            #expect(snapshot.nodes[0].queued == 1)
            _ = try await socket.ask(
                call.replacing("\"F\"", with: "\"set_context\"").replacing(":A", with: #":[{"user_id":{"n":42}}]"#))
            snapshot = try await engine.snapshot()
            #expect(snapshot.nodes[0].queued == 2)
            #expect(snapshot.client(user.id)?.context == ["user_id": #"{"n":42}"#, "other": "1"])
        }
    }

    @Test func channelsReachTheWholeMesh() async throws {
        try await withDevEngine(.init(nodes: 3)) { engine in
            var users: [EndUser] = []
            for node in engine.nodes {
                let user = try await engine.connectEndUser(node: node.id)
                users.append(user)
                let socket = try await TestSocket.connect(node.api)
                let call = #"{"m":"conn.call","p":{"c":"\#(user.id)","f":"subscribe","a":["r","s"]},"i":1}"#
                #expect(try await socket.ask(call) == SessionTests.done)
            }
            let socket = try await TestSocket.connect(engine.nodes[2].api)
            // Not its node.
            let wrong = #"{"m":"conn.call","p":{"c":"\#(users[0].id)","f":"unsubscribe","a":["r"]},"i":1}"#
            #expect(try await socket.ask(wrong)?.contains(":301,") == true)
            let right = wrong.replacing(users[0].id, with: users[2].id)
            #expect(try await socket.ask(right) == SessionTests.done)
            let publish = #"{"m":"mesh.publish","p":{"c":"r","d":"x"},"i":1}"#
            #expect(try await socket.ask(publish) == #"{"E":null,"r":{"s":2,"f":0},"i":1}"#)
            try await engine.cutNode(engine.nodes[0].id)
            #expect(try await socket.ask(publish) == #"{"E":null,"r":{"s":1,"f":1},"i":1}"#)
            #expect(users.map(\.receivedCount) == [1, 2, 0])
            await users[1].close()
            #expect(try await socket.ask(publish) == #"{"E":null,"r":{"s":0,"f":1},"i":1}"#)
            await #expect(throws: DevEngineError.self) { try await users[1].send("x") }
            #expect(try await engine.snapshot().node(engine.nodes[2].id)?.channels == ["s": 1])
        }
    }
}
