import ConnmixDevEngine
import NIOCore
import NIOWebSocket
import Testing

@Suite(.timeLimit(.minutes(1))) struct SessionTests {
    static let done = #"{"E":null,"r":{"s":true},"i":1}"#

    @Test func docs() async throws {
        try await withDevEngine(.init(topics: ["orders"])) { engine in
            let node = engine.nodes[0]
            let user = try await engine.connectEndUser()
            #expect(UInt64(user.id).map { $0 > 1 << 60 } == true)
            let socket = try await TestSocket.connect(node.api)
            #expect(try await socket.ask(#"{"m":"queue.pop","p":{"t":["orders"]},"i":1}"#) == Self.done)
            try await user.send(#"{"sku":7}"#)
            #expect(
                await socket.text() == #"{"e":"queue.pop","p":{"n":"\#(node.id)","c":"\#(user.id)","t":"orders","#
                    + #""d":{"frame":{"type":"text","data":"{\"sku\":7}","finish":true}}},"id":null}"#)
            let c = user.id
            #expect(
                try await socket.ask(#"{"m":"conn.call","p":{"c":"\#(c)","f":"subscribe","a":["shop:7"]},"i":1}"#)
                    == Self.done)
            #expect(try await socket.ask(#"{"m":"mesh.send","p":{"c":"\#(c)","d":"taken"},"i":1}"#) == Self.done)
            #expect(
                try await socket.ask(#"{"m":"mesh.publish","p":{"c":"shop:7","d":"3q2+7w==","t":"binary"},"i":4}"#)
                    == #"{"E":null,"r":{"s":1,"f":0},"i":4}"#)
            var frames = user.frames.makeAsyncIterator()
            #expect(await frames.next() == .text("taken"))
            #expect(await frames.next() == .binary([0xDE, 0xAD, 0xBE, 0xEF]))
            #expect(try await socket.ask("ping") == "pong")
            #expect(
                try await socket.ask(#"{"m":"server.ping","p":{},"i":2}"#)
                    == #"{"E":null,"r":{"m":"server.pong"},"i":2}"#)
            #expect(
                try await socket.ask(#"{"m":"mesh.send","p":{"c":"1627581697287529999","d":"hello?"},"i":5}"#)
                    == #"{"E":{"c":401,"m":"client is gone"},"i":5}"#)
            #expect(try await socket.ask(#"{"m":"queue.unpop","p":{},"i":1}"#) == Self.done)
        }
    }

    @Test func php105() async throws {
        try await withDevEngine(.init(dialect: .php105, topics: ["orders"])) { engine in
            let user = try await engine.connectEndUser()
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            #expect(try await socket.ask(#"{"m":"queue.pop","p":["orders"],"i":1}"#) == Self.done)
            #expect(
                try await socket.ask(#"{"m":"mesh.send","p":{"c":\#(user.id),"d":"taken"},"i":3}"#)
                    == #"{"E":null,"r":{"s":true,"f":0,"t":1},"i":3}"#)
            #expect(
                try await socket.ask(#"{"m":"conn.call","p":[{"c":"\#(user.id)","f":"subscribe","a":["x"]}],"i":1}"#)
                    == Self.done)
            #expect(
                try await socket.ask(#"{"m":"mesh.publish","p":{"c":"x","d":"y"},"i":4}"#)
                    == #"{"E":null,"r":{"s":true,"f":0,"t":1},"i":4}"#)
            #expect(
                try await socket.ask(#"{"m":"server.ping","p":[],"i":5}"#)
                    == #"{"E":null,"r":{"s":"server.pong"},"i":5}"#)
            #expect(try await socket.ask(#"{"m":"queue.unpop","p":[],"i":1}"#) == Self.done)
            #expect(try await socket.ask("ping") == #"{"E":{"c":101,"m":"invalid params"},"i":null}"#)
            #expect(user.receivedCount == 2)
        }
    }

    @Test(arguments: [
        (#"{"m":"queue.pop","p":["chat"],"i":1}"#, 101), (#"{"m":"queue.pop","p":{"t":[]},"i":1}"#, 101),
        (#"{"m":"queue.pop","p":{"t":["a",1]},"i":1}"#, 101), (#"{"m":"queue.pop","i":1}"#, 101),
        (#"{"m":"queue.unpop","p":{},"i":1}"#, 203), (#"{"m":"nothing","p":{},"i":1}"#, 101),
        (#"{"m":"conn.call","p":{"c":"5","f":"subscribe","a":["x"]},"i":1}"#, 301),
        (#"{"m":"conn.call","p":{"c":"USER","f":"fly","a":[]},"i":1}"#, 301),
        (#"{"m":"conn.call","p":{"c":"USER","f":"subscribe","a":["a b"]},"i":1}"#, 101),
        (#"{"m":"conn.call","p":{"c":"USER","f":"subscribe"},"i":1}"#, 101),
        (#"{"m":"conn.call","p":{"c":"USER","f":"set_context","a":[[]]},"i":1}"#, 101),
        (#"{"m":"conn.call","p":{"c":"USER","f":"set_context_value","a":["k"]},"i":1}"#, 101),
        (#"{"m":"mesh.send","p":{"c":"abc","d":"x"},"i":1}"#, 401),
        (#"{"m":"mesh.send","p":{"c":"USER","d":7},"i":1}"#, 101), (#"{"m":"mesh.send","p":{"d":"x"},"i":1}"#, 101),
        (#"{"m":"mesh.send","p":{"c":"USER","d":"?","t":"binary"},"i":1}"#, 101),
        (#"{"m":"mesh.publish","p":{"c":7,"d":"x"},"i":1}"#, 101),
    ])
    func refuses(_ request: String, _ code: Int) async throws {
        try await withDevEngine { engine in
            let user = try await engine.connectEndUser()
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            let answer = try await socket.ask(request.replacing("USER", with: user.id))
            #expect(answer?.hasPrefix(#"{"E":{"c":\#(code),"#) == true, "\(answer ?? "nothing")")
            let snapshot = try await engine.snapshot()
            #expect(snapshot.received == 1 && snapshot.applied == 0)
        }
    }

    @Test func refusesTooManyTopicsAndASecondPop() async throws {
        try await withDevEngine { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            let many = (0...100).map { "\"t\($0)\"" }.joined(separator: ",")
            #expect(try await socket.ask(#"{"m":"queue.pop","p":{"t":[\#(many)]},"i":1}"#)?.contains(":201,") == true)
            #expect(try await socket.ask(#"{"m":"queue.pop","p":{"t":["chat"]},"i":1}"#) == Self.done)
            #expect(try await socket.ask(#"{"m":"queue.pop","p":{"t":["x"]},"i":1}"#)?.contains(":202,") == true)
            #expect(try await socket.ask(#"{"m":"queue.unpop","i":1}"#) == Self.done)
            #expect(try await socket.ask(#"{"m":"queue.pop","p":{"t":["x"]},"i":1}"#) == Self.done)
        }
    }

    @Test(arguments: ["1", "17.0", "\"seventeen\"", "9007199254740993", "null", "[1,{\"a\":2}]"])
    func echoesTheIdAsItCame(_ id: String) async throws {
        try await withDevEngine { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            let answer = try await socket.ask(#" { "i" : \#(id) , "m" : "server.ping" } "#)
            #expect(answer == #"{"E":null,"r":{"m":"server.pong"},"i":\#(id)}"#)
        }
    }

    @Test func formsOfEventFields() async throws {
        var configuration = DevEngine.Configuration(nodes: 1)
        configuration.settings.nodeField = .integer
        configuration.settings.clientField = .number
        try await withDevEngine(configuration) { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(#"{"m":"queue.pop","p":{"t":["chat"]},"i":1}"#)
            try await engine.push(topic: "chat", client: "7", data: Array("[1]".utf8))
            #expect(await socket.text() == #"{"e":"queue.pop","p":{"n":1,"c":7,"t":"chat","d":[1]},"id":null}"#)
            try await engine.configure { $0.nodeField = .omitted }
            try await engine.push(topic: "chat", client: "7", data: Array("[2]".utf8))
            #expect(await socket.text() == #"{"e":"queue.pop","p":{"c":7,"t":"chat","d":[2]},"id":null}"#)
        }
    }

    @Test func httpApi() async throws {
        try await withDevEngine { engine in
            let user = try await engine.connectEndUser()
            let api = engine.nodes[0].api
            #expect(
                try await RawSocket.body(api, "/v1/mesh/send", post: #"{"c":"\#(user.id)","d":"x"}"#)
                    == #"{"E":null,"r":{"s":true}}"#)
            #expect(
                try await RawSocket.body(api, "/v1/mesh/publish", post: #"{"c":"room","d":"x"}"#)
                    == #"{"E":null,"r":{"s":0,"f":0}}"#)
            #expect(
                try await RawSocket.body(api, "/v1/mesh/send", post: #"{"c":"1","d":"x"}"#)
                    == #"{"E":{"c":401,"m":"client is gone"}}"#)
            #expect(try await RawSocket.body(api, "/v1/mesh/send", post: "{")?.contains("101") == true)
            try await engine.configure { $0.dialect = .php105 }
            #expect(try await RawSocket.http(api, "/v1/mesh/send", post: "{}").hasPrefix("HTTP/1.1 404"))
            #expect(user.receivedCount == 1)
        }
    }

    @Test func closesWhatIsSilent() async throws {
        try await withDevEngine { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            #expect(try await socket.ask("ping") == "pong")
            try await engine.configure { $0.readTimeout = .milliseconds(150) }
            // Pings are answered, and do not count.
            var pongs = 0
            while (try? await socket.send(.ping, ByteBuffer(string: "x"))) != nil, await socket.next() == .pong {
                pongs += 1
            }
            #expect(pongs > 0)
        }
    }

    @Test func countsPingsWhenAsked() async throws {
        try await withDevEngine { engine in
            try await engine.configure {
                $0.pingResetsReadTimeout = true
                $0.readTimeout = .milliseconds(100)
            }
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            let start = ContinuousClock.now
            while start.duration(to: .now) < .milliseconds(400) {
                try await socket.send(.ping, ByteBuffer(string: "x"))
                guard await socket.next() == .pong else {
                    Issue.record("closed after \(start.duration(to: .now))")
                    return
                }
            }
            #expect(await socket.ends())
        }
    }
}
