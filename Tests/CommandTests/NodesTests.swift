import ConnmixDevEngine
import Testing

@Suite("nodes", .timeLimit(.minutes(1)))
struct NodesTests {
    @Test("centers, nodes, reachability and round trips; nothing is popped")
    func well() async throws {
        try await withDevEngine(.init(nodes: 2)) { engine in
            let json = try await Program.run("nodes", "--center", engine.center, "--json")
            #expect(json.code == 0, "\(json.errors)")
            let objects = try json.objects()
            #expect(objects.map { $0["kind"] } == [.text("center"), .text("node"), .text("node")])
            #expect(objects[0]["versions"] == .array([.text("v1")]))
            for object in objects {
                guard case .number(let seconds)? = object["round_trip_seconds"] else {
                    Issue.record("no round trip in \(object)")
                    continue
                }
                #expect(seconds > 0 && seconds < 5)
                #expect(object["error"] == .null)
            }
            #expect(Set(objects.dropFirst().compactMap { $0["id"]?.text }) == Set(engine.nodes.map(\.id)))
            let table = try await Program.run("nodes", "--center", "127.0.0.1:1", "--center", engine.center)
            #expect(table.code == 0)
            #expect(table.lines.count == 6)
            #expect(try await engine.snapshot().nodes.allSatisfy { $0.consumers == 0 })
        }
    }

    @Test("69: no center answers, or a node does not")
    func unreachable() async throws {
        let none = try await Program.run("nodes", "--center", "127.0.0.1:1")
        #expect(none.code == 69)
        #expect(none.errorLines == ["connmix-durable: no center answered; check --center and the network"])
        #expect(none.output.contains("127.0.0.1:1"))
        #expect(none.output.contains("Connection refused") && !none.output.contains("errno"), "\(none.output)")
        try await withDevEngine(.init(nodes: 2)) { engine in
            try await engine.stopNode(engine.nodes[1].id)
            let outcome = try await Program.run("nodes", "--center", engine.center, "--timeout", "1", "--json")
            #expect(outcome.code == 69)
            #expect(outcome.errors.contains("1 of 2"))
            #expect(try outcome.objects().compactMap { $0["error"]?.text }.count == 1)
        }
    }

    @Test("64: addresses and times that are none")
    func usage() async throws {
        for arguments in [["--center", "https://"], ["--center", ""], ["--timeout", "0"], ["--timeout", "soon"]] {
            let outcome = try await Program.run(all: ["nodes"] + arguments)
            #expect(outcome.code == 64, "\(arguments) \(outcome.errors)")
            #expect(outcome.errorLines.count == 1)
        }
    }

    @Test("what the center lists and a consumer leaves out is shown with the reason; the others are asked")
    func leftOut() async throws {
        try await withDevEngine(.init(nodes: 2)) { engine in
            let (first, second) = (engine.nodes[0], engine.nodes[1])
            let entries = [
                #"{"id":"x","api_server":"\#(first.api)"}"#, #"{"id":"x","api_server":"\#(second.api)"}"#,
                #"{"id":"bad\u001b[2J","api_server":"h:1"}"#, #"{"id":"far","api_server":"h:70000"}"#,
            ]
            try await engine.setCenter(.body(#"{"nodes":[\#(entries.joined(separator: ","))]}"#))
            let json = try await Program.run("nodes", "--center", engine.center, "--json")
            #expect(json.code == 0, "\(json.errors)")
            let objects = try json.objects()
            #expect(objects.compactMap { $0["kind"]?.text } == ["center", "node", "node", "skipped", "skipped", "skipped"])
            let reasons = objects.suffix(3).compactMap { $0["error"]?.text }
            #expect(reasons[0].contains(#"its id "bad\u{1b}[2J" has control characters"#), "\(reasons)")
            #expect(reasons[1].contains(#"node "far": "h:70000" is no address: the port is not 1 to 65535"#))
            #expect(reasons[2].contains("is listed at \(second.api) and is \(first.api), one connection an id"))
            #expect(objects.suffix(3).map { $0["id"] } == [.null, .text("far"), .text("x")])
            #expect(objects[0]["error"]?.text?.contains("3 entries are left out") == true)
            let table = try await Program.run("nodes", "--center", engine.center)
            #expect(table.code == 0)
            #expect(table.output.contains("LEFT OUT") && table.output.contains("h:70000"))
            #expect(!table.output.contains("\u{1b}"))
        }
    }
}
