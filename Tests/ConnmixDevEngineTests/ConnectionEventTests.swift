import ConnmixDevEngine
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConnectionEventTests {
    /// What follows `"d":` in an event.
    private func data(_ socket: TestSocket) async -> String? {
        guard let text = await socket.text(), let start = text.firstRange(of: #","d":"#)?.upperBound else { return nil }
        return String(text[start...].dropLast(#"},"id":null}"#.count))
    }

    @Test func eventsHaveTheValueThatLoggingInSets() async throws {
        try await withDevEngine { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(#"{"m":"queue.pop","p":{"t":["chat"]},"i":1}"#)
            let user = try await engine.connectEndUser()
            try await user.send(contentsOf: [#"{"op":"auth"}"#, "hello"])
            #expect(await data(socket) == #"{"frame":{"type":"text","data":"{\"op\":\"auth\"}","finish":true}}"#)
            try await socket.send(
                #"{"m":"conn.call","p":{"c":"\#(user.id)","f":"set_context_value","a":["user_id",[1]]},"i":1}"#)
            var seen: [String] = []
            while seen.count < 2, let text = await socket.text() { seen.append(text) }
            #expect(seen.contains { $0.contains(#""d":{"frame":{"type":"text","data":"hello","finish":true},"uid":[1]}}"#) })
        }
    }

    @Test func decodesFramesWhereThatIsWanted() async throws {
        var configuration = DevEngine.Configuration()
        configuration.settings.decodesFrames = true
        try await withDevEngine(configuration) { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(#"{"m":"queue.pop","p":{"t":["chat"]},"i":1}"#)
            let user = try await engine.connectEndUser()
            try await user.send(contentsOf: [#" {"a":["é"]} "#, "[1]", "{", "hello"])
            for data in [#"{"a":["é"]}"#, #""[1]""#, #""{""#, #""hello""#] {
                #expect(await self.data(socket) == #"{"frame":{"type":"text","data":\#(data),"finish":true}}"#)
            }
        }
    }

    @Test func handshakeMessageAndClose() async throws {
        var configuration = DevEngine.Configuration(topics: ["conn", "chat"])
        configuration.settings.connectionEvents = true
        configuration.authKey = "uid"
        try await withDevEngine(configuration) { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(#"{"m":"queue.pop","p":{"t":["chat","conn"]},"i":1}"#)
            let user = try await TestSocket.connect(engine.nodes[0].chat, path: "/chat")
            let handshake = try #require(await data(socket))
            #expect(handshake.hasPrefix(#"{"event":"handshake","headers":{"#))
            #expect(handshake.contains(#""Host":"\#(engine.nodes[0].chat)""#))
            try await user.send(#"{"topic":"chat"}"#)
            #expect(await data(socket)?.hasPrefix(#"{"event":"message","frame":{"type":"text","data":"{\"#) == true)
            let id = try #require(try await engine.snapshot().nodes[0].clients.first)
            _ = try await socket.ask(
                #"{"m":"conn.call","p":{"c":"\#(id)","f":"set_context_value","a":["uid",7]},"i":1}"#)
            try await user.send(#"{"op":"auth"}"#)
            let login = try #require(await data(socket))
            #expect(login.hasPrefix(#"{"event":"message","frame":{"#) && login.contains(#","uid":7,"headers":{"#))
            try await user.close()
            #expect(await data(socket) == #"{"event":"close","uid":7}"#)
        }
    }

    @Test func endUsersWithoutASocketComeAndGoToo() async throws {
        var configuration = DevEngine.Configuration()
        configuration.settings.connectionEvents = true
        try await withDevEngine(configuration) { engine in
            let user = try await engine.connectEndUser()
            await user.close()
            let feed = try await engine.feed(count: 0, clients: 3)
            try await feed.stop()
            #expect(try await engine.snapshot().nodes[0].queued == 2)
        }
    }
}
