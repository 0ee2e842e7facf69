import ConnmixDurable
import Testing

@testable import connmix_durable

@Suite("the loop of work on many rows")
struct BulkLoopTests {
    /// Does what a script says, and writes down what it was asked for.
    private struct Script: BulkParts {
        /// How many rows each part has; an error ends the work.
        var parts: [Result<Int?, any Error>]
        var room = 500
        let lastWrite = WriteTimes()
        private(set) var asked: [Asked] = []

        enum Asked: Equatable {
            case part(most: Int)
            case settle(isLast: Bool)
        }

        init(_ parts: [Result<Int?, any Error>]) {
            self.parts = parts
        }

        mutating func next(_ most: Int) throws -> Int? {
            asked.append(.part(most: most))
            return try parts.removeFirst().get()
        }

        mutating func settle(isLast: Bool, note: (String) -> Void) throws {
            asked.append(.settle(isLast: isLast))
        }

        func stop(after done: Int) throws -> BulkStop {
            BulkStop(place: "stopped after \(done)", advice: "go on")
        }
    }

    @Test("part by part to the last row, and not a row more is asked for")
    func parts() throws {
        var script = Script([.success(500), .success(200)])
        let done = try BulkLoop(total: 1_000, before: 300, rate: nil).run(&script)
        #expect(done == 1_000)
        #expect(
            script.asked == [
                .part(most: 500), .settle(isLast: false), .part(most: 200), .settle(isLast: true),
            ])
    }

    @Test("a rate and the room of a step make parts smaller")
    func small() throws {
        var paced = Script([.success(1)])
        _ = try BulkLoop(total: 1, before: 0, rate: Rate(argument: "8/s")).run(&paced)
        #expect(paced.asked.first == .part(most: 1))
        var stepped = Script([.success(2), .success(1)])
        stepped.room = 2
        _ = try BulkLoop(total: 3, before: 0, rate: Rate(argument: "1000/s")).run(&stepped)
        #expect(stepped.asked.first == .part(most: 2))
    }

    @Test("where nothing is left it ends, and where nothing is to do it does not begin")
    func nothing() throws {
        var gone = Script([.success(3), .success(nil)])
        #expect(try BulkLoop(total: 10, before: 0, rate: nil).run(&gone) == 3)
        var none = Script([])
        #expect(try BulkLoop(total: 4, before: 4, rate: nil).run(&none) == 4)
        #expect(none.asked.isEmpty)
    }

    @Test(
        "an error ends it with its place and what to do, and its own exit code",
        arguments: [
            (Failure(.badData, "it is bad") as any Error, Exit.badData, "it is bad; stopped after 5; go on"),
            (ConnmixError(.busy, "it is locked"), .busy, "it is locked; stopped after 5; go on"),
            (CancellationError(), .interrupted, "stopped after 5; go on"),
        ])
    func stops(error: any Error, exit: Exit, message: String) throws {
        var script = Script([.success(5), .failure(error)])
        let failure = try #require(throws: Failure.self) { try BulkLoop(total: 9, before: 0, rate: nil).run(&script) }
        #expect(failure.exit == exit)
        #expect(failure.message == message)
    }

    @Test("what is no error of ours is a bug, and stays what it is")
    func bug() throws {
        struct Strange: Error {}
        var script = Script([.failure(Strange())])
        #expect(throws: Strange.self) { try BulkLoop(total: 9, before: 0, rate: nil).run(&script) }
    }
}
