import NIOCore
import Testing

@testable import ConnmixDevEngine

@Suite(.timeLimit(.minutes(1))) struct QueueTests {
    static let pop = #"{"m":"queue.pop","p":{"t":["chat"]},"i":1}"#

    @Test func dropsWhenFull() async throws {
        var configuration = DevEngine.Configuration()
        configuration.topicSize = 3
        try await withDevEngine(configuration) { engine in
            let user = try await engine.connectEndUser()
            try await user.send(contentsOf: ["1", "2", "3", "4", "5"])
            let topic = try await engine.snapshot().nodes[0].topic("chat")
            #expect(topic == .init(queued: 3, pushed: 3, popped: 0, dropped: 2, consumers: 0))
            #expect(try await engine.push(topic: "chat", client: "1", data: Array("0".utf8)) == false)
            #expect(try await engine.push(topic: "other", client: "1", data: Array("0".utf8)) == true)
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            try await socket.send(Self.pop)
            let texts = [await socket.text(), await socket.text(), await socket.text(), await socket.text()]
            #expect(texts[0] == SessionTests.done)
            for (place, text) in texts.dropFirst().enumerated() {
                #expect(text?.contains(#""data":"\#(place + 1)""#) == true)
            }
        }
    }

    @Test func blocksWhenFull() async throws {
        var configuration = DevEngine.Configuration()
        configuration.topicSize = 2
        configuration.whenFull = .block
        try await withDevEngine(configuration) { engine in
            let user = try await engine.connectEndUser()
            try await user.send(contentsOf: (0..<20).map { "\($0)" })
            let snapshot = try await engine.snapshot()
            #expect(snapshot.nodes[0].queued == 2 && snapshot.nodes[0].dropped == 0)
            #expect(snapshot.client(user.id)?.isWaiting == true)
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(Self.pop)
            for number in 0..<20 { #expect(await socket.text()?.contains(#""data":"\#(number)""#) == true) }
            try await engine.waitUntil { $0.client(user.id)?.isWaiting == false }
        }
    }

    @Test func takesTurnsAmongConsumers() async throws {
        try await withDevEngine { engine in
            let first = try await TestSocket.connect(engine.nodes[0].api)
            let second = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await first.ask(Self.pop)
            _ = try await second.ask(Self.pop)
            let user = try await engine.connectEndUser()
            try await user.send(contentsOf: ["0", "1", "2", "3"])
            for number in [0, 2] { #expect(await first.text()?.contains(#""data":"\#(number)""#) == true) }
            for number in [1, 3] { #expect(await second.text()?.contains(#""data":"\#(number)""#) == true) }
            try await first.close()
            try await engine.waitUntil { $0.nodes[0].consumers == 1 && $0.nodes[0].connections == 1 }
            try await user.send("4")
            #expect(await second.text()?.contains(#""data":"4""#) == true)
        }
    }

    @Test func fillsBehindAReaderThatStandsStill() async throws {
        try await withDevEngine { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(Self.pop)
            try await socket.stopReading()
            let feed = try await engine.feed(count: 100_000, clients: 10, payloadBytes: 1000)
            // The queue is full and stays so: popped stands still between two looks a full round trip apart.
            let full = try await engine.waitUntil { $0.nodes[0].queued == 2000 && $0.nodes[0].popped > 0 }
            #expect(full.nodes[0].popped < 98_000)
            #expect(try await engine.push(topic: "chat", client: "1", data: Array("0".utf8)) == false)
            try await socket.goOnReading()
            try await feed.allSent()
            #expect(try await engine.snapshot().nodes[0].popped == 100_000)
        }
    }

    @Test func unpopKeepsWhatComesLater() async throws {
        try await withDevEngine { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(Self.pop)
            _ = try await socket.ask(#"{"m":"queue.unpop","p":{},"i":2}"#)
            try await engine.push(topic: "chat", client: "1", data: Array("0".utf8))
            #expect(try await engine.snapshot().nodes[0].queued == 1)
            #expect(try await socket.ask("ping") == "pong")
        }
    }

    @Test func feedNumbersEachClientsMessagesInOrder() async throws {
        try await withDevEngine { engine in
            let feed = try await engine.feed(count: 1000, clients: 7, payloadBytes: 200, recordsTexts: true)
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(Self.pop)
            for number in 0..<1000 {
                let text = try #require(await socket.text())
                let client = feed.clients[number % 7]
                #expect(text.contains(#""c":"\#(client)""#))
                #expect(text.contains(#""data":"{\"seq\":\#(number / 7),\"pad\""#))
                let start = try #require(text.firstRange(of: #""d":"#)).upperBound
                #expect(abs(text[start...].utf8.count - #"},"id":null}"#.utf8.count - 200) < 5)
            }
            for client in feed.clients.prefix(4) {
                let send = #"{"m":"mesh.send","p":{"c":"\#(client)","d":"hello"},"i":1}"#
                #expect(try await socket.ask(send) == SessionTests.done)
            }
            try await feed.waitUntil(answered: 4)
            #expect(try await feed.received(by: feed.clients[3]) == ["hello"])
            #expect(try await feed.progress().answeredPerClient == [1, 1, 1, 1, 0, 0, 0])
            try await feed.allSent()
            try await feed.stop()
            #expect(try await engine.snapshot().nodes[0].clientCount == 0)
        }
    }

    @Test func feedKeepsItsRate() async throws {
        try await withDevEngine { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(Self.pop)
            let start = ContinuousClock.now
            let feed = try await engine.feed(count: 500, perSecond: 2000)
            try await feed.allSent()
            #expect(start.duration(to: .now) >= .milliseconds(240))
        }
    }
}
