import ConnmixDurable
import Testing

@Suite("gaps", .timeLimit(.minutes(1)))
struct GapsTests {
    private static let gapKeys: Set<String> = [
        "kind", "id", "run", "node", "address", "began_at", "ended_at", "lasted", "times", "reason", "may_be_lost",
    ]

    @Test("P11: times without consumption, newest first, with what may be lost; filters; JSON has the keys of the contract")
    func list() async throws {
        try await withDatabase(texts: ["hello"], handler: answerEnd) { path in
            let all = try await Program.run("gaps", "--json", "--database", path)
            #expect(all.code == 0)
            let losses = try all.objects()
            #expect(losses.map { $0["reason"] }.first == .text("no consumer was running"))
            #expect(losses.first?["ended_at"] == .null)
            for loss in losses { #expect(Set(loss.keys) == Self.gapKeys) }
            guard case .text(let node) = losses.first?["node"] else { return #expect(Bool(false), "a gap without a node") }

            func count(_ arguments: String...) async throws -> Int {
                try await Program.run(all: ["gaps", "--json", "--database", path] + arguments).objects().count
            }
            #expect(try await count("--node", node) == losses.count)
            #expect(try await count("--limit", "1") == 1)
            #expect(try await count("--limit", "0", "--order", "oldest", "--since", "1h") == losses.count)
            let none = try await Program.run("gaps", "--until", "1h", "--database", path)
            #expect(none.code == 1)
            #expect(none.errorLines == ["connmix-durable: no gap, no unclean end and no adoption matches"])

            let table = try await Program.run("gaps", "--database", path)
            #expect(table.lines.first?.contains("MAY BE LOST") == true)
            #expect(table.output.contains("unless its queues filled up"))

            let status = try #require(try await Program.run("status", "--json", "--database", path).objects().first)
            let bound = try #require(status["loss_bound"]?.object)
            #expect(Set(bound.keys) == ["now", "high", "limit", "survives_power_cut", "text"])
            #expect(bound["limit"] == .number(32_768))
            #expect(try await Program.run("status", "--database", path).output.contains("loss bound"))
        }
    }
}
