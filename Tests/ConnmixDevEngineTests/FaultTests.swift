import Testing

@testable import ConnmixDevEngine

@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    private func send(_ user: EndUser, _ id: Int) -> String {
        #"{"m":"mesh.send","p":{"c":"\#(user.id)","d":"\#(id)"},"i":\#(id)}"#
    }

    private func done(_ id: Int) -> String { #"{"E":null,"r":{"s":true},"i":\#(id)}"# }

    @Test func errorsAnswersAndSilence() async throws {
        try await withDevEngine { engine in
            let node = engine.nodes[0].id
            let user = try await engine.connectEndUser()
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            try await engine.addFault(.init(.error(code: 999, message: "a \"b\""), method: "mesh.send"), node: node)
            #expect(try await socket.ask(self.send(user, 1)) == #"{"E":{"c":999,"m":"a \"b\""},"i":1}"#)
            #expect(try await socket.ask(self.send(user, 2)) == self.done(2))
            try await engine.addFault(.init(.answer("nonsense"), skip: 1, times: 1), node: node)
            #expect(try await socket.ask(self.send(user, 3)) == self.done(3))
            #expect(try await socket.ask(self.send(user, 4)) == "nonsense")
            try await engine.addFault(.init(.swallow), node: node)
            try await engine.addFault(.init(.ignore), node: node)
            try await socket.send(self.send(user, 5))
            try await socket.send(self.send(user, 6))
            #expect(try await socket.ask(self.send(user, 7)) == self.done(7))
            #expect(try await engine.applied().map(\.text) == ["2", "3", "5", "7"])
            #expect(try await engine.received().map(\.text) == ["1", "2", "3", "4", "5", "6", "7"])
            try await engine.addFault(.init(.ignore, times: nil), node: node)
            try await engine.clearFaults()
            #expect(try await socket.ask(self.send(user, 8)) == self.done(8))
        }
    }

    @Test func delaysAreOvertaken() async throws {
        try await withDevEngine { engine in
            let user = try await engine.connectEndUser()
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            try await engine.addFault(.init(.delay(.seconds(3))), node: engine.nodes[0].id)
            try await socket.send(self.send(user, 1))
            #expect(try await socket.ask(self.send(user, 2)) == self.done(2))
            #expect(try await engine.snapshot().applied == 2)
            #expect(await socket.text() == self.done(1))
        }
    }

    @Test(arguments: [true, false])
    func dropsBeforeAndAfter(_ reset: Bool) async throws {
        try await withDevEngine { engine in
            let user = try await engine.connectEndUser()
            let node = engine.nodes[0]
            for (action, applied) in [
                (DevEngine.Fault.Action.dropBefore(reset: reset), 1), (.dropAfter(reset: reset), 3),
            ] {
                try await engine.addFault(.init(action, method: "mesh.send", skip: 1), node: node.id)
                let socket = try await TestSocket.connect(node.api)
                #expect(try await socket.ask(self.send(user, 1)) == self.done(1))
                #expect(try await socket.ask(self.send(user, 2)) == nil)
                #expect(user.receivedCount == applied)
            }
        }
    }

    @Test func httpFaults() async throws {
        try await withDevEngine { engine in
            let node = engine.nodes[0]
            try await engine.addFault(.init(.dropBefore(reset: false)), node: node.id)
            try await engine.addFault(.init(.error(code: 7, message: "x")), node: node.id)
            #expect(try await RawSocket.http(node.api, "/v1/mesh/send", post: "{}") == "")
            #expect(try await RawSocket.body(node.api, "/v1/mesh/send", post: "{}") == #"{"E":{"c":7,"m":"x"}}"#)
        }
    }

    @Test func recordsWhatWasAsked() async throws {
        try await withDevEngine { engine in
            let user = try await engine.connectEndUser()
            let socket = try await TestSocket.connect(engine.nodes[0].api)
            _ = try await socket.ask(#"{"m":"conn.call","p":{"c":"\#(user.id)","f":"subscribe","a":["x"]},"i":1}"#)
            let expected = CommandRecord(
                number: 1, node: engine.nodes[0].id, connection: 1, method: "conn.call", target: user.id,
                function: "subscribe", payload: Array(#"["x"]"#.utf8))
            #expect(try await engine.applied() == [expected])
            try await engine.configure { $0.recordLimit = 2 }
            for id in 2...4 { _ = try await socket.ask(self.send(user, id)) }
            #expect(try await engine.applied().map(\.number) == [3, 4])
            try await engine.configure { $0.recording = false }
            try await engine.clearRecords()
            _ = try await socket.ask(self.send(user, 5))
            #expect(try await engine.applied().isEmpty)
            #expect(try await engine.snapshot().appliedCount("mesh.send") == 4)
        }
    }

    @Test func waitingEnds() async throws {
        let engine = try await DevEngine.start()
        let late = await #expect(throws: DevEngineError.self) {
            try await engine.waitUntil(within: .milliseconds(5)) { _ in false }
        }
        #expect(late?.code == .timedOut)
        let cancelled = Task { try await engine.waitUntil(within: .seconds(60)) { _ in false } }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        let run = Task { try await engine.run() }
        run.cancel()
        try await run.value
        let waiting = Task { try await engine.waitUntil(within: .seconds(60)) { _ in false } }
        try await engine.shutdown()
        try await engine.shutdown()
        let stopped = await #expect(throws: DevEngineError.self) { try await waiting.value }
        #expect(stopped?.code == .stopped)
        await #expect(throws: DevEngineError.self) { try await engine.addNode() }
    }
}
