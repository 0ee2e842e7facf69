import NIOCore
import Testing

@testable import ConnmixDevEngine

@Suite(.timeLimit(.minutes(1))) struct NoticeTests {
    private static func configuration(
        _ dialect: DevEngine.Dialect = .docs, nodes: Int = 1, patience: Duration = .seconds(60)
    ) -> DevEngine.Configuration {
        var configuration = DevEngine.Configuration(nodes: nodes, dialect: dialect)
        configuration.settings.patience = patience
        return configuration
    }

    private func next(_ engine: DevEngine) async -> DevEngine.Notice? {
        var notices = engine.notices.makeAsyncIterator()
        return await notices.next()
    }

    private static func set(_ client: String, _ arguments: String) -> String {
        #"{"m":"conn.call","p":{"c":"\#(client)","f":"set_context_value","a":\#(arguments)},"i":1}"#
    }

    @Test func tellsOfAnotherKeyThanTheOneThatIsWaitedFor() async throws {
        try await withDevEngine(Self.configuration()) { engine in
            let user = try await engine.connectEndUser()
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            // Nobody waits yet: that is none of anybody's business.
            _ = try await socket.ask(Self.set(user.id, #"["tenant",1]"#))
            try await user.send(#"{"op":"userauth"}"#)
            _ = try await socket.ask(Self.set(user.id, #"["uid",1000]"#))
            let notice = await next(engine)
            #expect(notice?.kind == .otherKey && notice?.leftOut == 0 && notice?.node == engine.nodes[0].id)
            #expect(notice?.text == "end user \(user.id) waits for the context value user_id, and was given uid")
            _ = try await socket.ask(Self.set(user.id, #"["user_id",1000]"#))
            #expect(try await engine.snapshot().client(user.id)?.isWaiting == false)
        }
    }

    @Test func tellsOfAnAcknowledgementOfAnotherValue() async throws {
        var configuration = Self.configuration()
        configuration.acknowledgeKey = "ack"
        try await withDevEngine(configuration) { engine in
            let user = try await engine.connectEndUser()
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            try await user.send(#"{"n":7}"#)
            _ = try await socket.ask(Self.set(user.id, #"["tenant",1]"#))
            _ = try await socket.ask(Self.set(user.id, #"["ack","7"]"#))
            #expect(await next(engine)?.text == #"end user \#(user.id) waits until ack is 7, and it was set to "7""#)
        }
    }

    @Test func tellsOfEndUsersWhoAreNotThere() async throws {
        try await withDevEngine(Self.configuration(nodes: 2)) { engine in
            let user = try await engine.connectEndUser(node: engine.nodes[0].id)
            let socket = try await TestSocket.connect(engine.nodes[1].api)
            _ = try await socket.ask(Self.set(user.id, #"["a",1]"#))
            let notice = await next(engine)
            #expect(notice?.kind == .unknownClient)
            #expect(notice?.text == "conn.call to \(user.id): that end user is on node 1, this is node 2")
        }
        try await withDevEngine(Self.configuration()) { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(#"{"m":"mesh.send","p":{"c":"5","d":"x"},"i":1}"#)
            #expect(await next(engine)?.text == "mesh.send to 5: there is no such end user")
        }
    }

    @Test func tellsOfWhoWaitsForLong() async throws {
        try await withDevEngine(Self.configuration(patience: .milliseconds(20))) { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(#"{"m":"queue.pop","p":{"t":["chat"]},"i":1}"#)
            let user = try await engine.connectEndUser()
            try await user.send(contentsOf: [#"{"op":"auth"}"#, "later"])
            let notice = await next(engine)
            #expect(notice?.kind == .longWait)
            #expect(
                notice?.text.hasPrefix("end user \(user.id) waits for the context value user_id, and 1 of its frames") == true)
        }
    }

    @Test func tellsOfTopicsThatNobodyConsumes() async throws {
        var configuration = Self.configuration(patience: .milliseconds(20))
        configuration.topics = ["chat", "foo"]
        try await withDevEngine(configuration) { engine in
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(#"{"m":"queue.pop","p":{"t":["foo"]},"i":1}"#)
            try await engine.connectEndUser().send("hello")
            let notice = await next(engine)
            #expect(notice?.kind == .unconsumed)
            #expect(notice?.text == "nobody consumes topic chat of node 1, where 1 messages wait; consumed are foo")
        }
    }

    @Test func tellsOfLostFrames() async throws {
        var configuration = Self.configuration()
        configuration.topicSize = 1
        try await withDevEngine(configuration) { engine in
            try await engine.connectEndUser().send(contentsOf: ["a", "b", "c"])
            #expect(await next(engine)?.text == "a frame is lost: topic chat of node 1 holds 1 messages and is full")
        }
    }

    @Test(arguments: [
        (DevEngine.Dialect.docs, #"{"m":"queue.pop","p":["chat"],"i":1}"#),
        (.docs, #"{"m":"conn.call","p":[{"c":"5","f":"subscribe","a":["x"]}],"i":1}"#),
        (.php105, #"{"m":"queue.pop","p":{"t":["chat"]},"i":1}"#), (.php105, "ping"),
    ])
    func tellsOfTheOtherDialectOnceAConnection(_ dialect: DevEngine.Dialect, _ request: String) async throws {
        try await withDevEngine(Self.configuration(dialect)) { engine in
            let other = dialect == .docs ? "speaks php105 (" : "speaks docs ("
            for _ in 0..<2 {
                let socket = try await TestSocket.connect(engine.nodes[0].api)
                for _ in 0..<2 { #expect(try await socket.ask(request)?.contains(":101,") == true) }
                let notice = await next(engine)
                #expect(notice?.kind == .otherDialect && notice?.leftOut == 0)
                #expect(notice?.text.contains(other) == true)
            }
            // The second time on a connection was not told.
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(#"{"m":"fly","p":{},"i":1}"#)
            let notice = await next(engine)
            #expect(notice?.kind == .refused && notice?.text.hasPrefix("fly is refused with 101, invalid params: {") == true)
        }
    }

    @Test func endsWithTheEngine() async throws {
        let engine = try await DevEngine.start()
        try await engine.shutdown()
        #expect(await next(engine) == nil)
    }

    // MARK: what decides

    @Test func oneOfAKindComesInFiveSeconds() {
        var book = NoticeBook()
        let start = NIODeadline.uptimeNanoseconds(0)
        #expect(book.admit(.refused, now: start) == 0)
        #expect(book.admit(.longWait, now: start) == 0)
        #expect(book.admit(.refused, now: start + .seconds(1)) == nil)
        #expect(book.admit(.refused, now: start + .seconds(4)) == nil)
        #expect(book.admit(.refused, now: start + .seconds(5)) == 2)
        #expect(book.admit(.refused, now: start + .seconds(10)) == 0)
    }

    @Test func aQueueIsWatchedOnceAtATime() {
        var watch = PatienceWatch()
        let start = NIODeadline.uptimeNanoseconds(0)
        let queue = PatienceWatch.Subject.queue(0, place: 0, node: "a")
        #expect(watch.next == nil)
        watch.watch(queue, from: start, patience: .seconds(5))
        watch.watch(.client(1, wait: 1), from: start + .seconds(1), patience: .seconds(5))
        watch.watch(queue, from: start + .seconds(2), patience: .seconds(5))
        #expect(watch.due(now: start + .seconds(4)) == [])
        #expect(watch.due(now: start + .seconds(5)) == [queue])
        #expect(watch.next == start + .seconds(6))
        watch.watch(queue, from: start + .seconds(6), patience: .seconds(5))
        #expect(watch.due(now: start + .seconds(20)) == [.client(1, wait: 1), queue])
        #expect(watch.next == nil)
    }

    @Test func remarksAreBoundedButForWaits() {
        var remarks = Remarks()
        for _ in 0..<3 { remarks.add(.dropped(queue: 0)) }
        remarks.add(.waits(client: 1))
        #expect(remarks.take() == [.dropped(queue: 0), .waits(client: 1)])
        for number in 0..<1_000 { remarks.add(.overflow(client: UInt64(number))) }
        remarks.add(.waits(client: 1))
        #expect(remarks.take().count == 257)
        #expect(remarks.isEmpty)
    }
}
