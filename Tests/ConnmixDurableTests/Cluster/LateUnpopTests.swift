import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("the connection machine, while the answer to queue.unpop does not come")
struct LateUnpopTests {
    private let start = ContinuousClock.now
    private let ok = Reply.Outcome.success(EngineResult(success: true, json: #"{"s":true}"#))

    private func makeConsuming() -> NodeConnectionMachine {
        var machine = NodeConnectionMachine(settings: .init(topics: ["t"]), form: .docs, consumes: true, now: start)
        _ = machine.opened(now: start)
        _ = machine.replied(Reply(id: 1, outcome: ok), now: start)
        return machine
    }

    @Test("P7: the answer to queue.unpop lies behind what was handed out before: while that comes, nothing is closed")
    func unpopBehindMessages() {
        var machine = makeConsuming()
        #expect(machine.setConsuming(false, now: start) == [.unpop(id: 2, .docs)])
        for second in 1...60 {
            machine.heard(now: start + .seconds(second))
            machine.messageArrived(now: start + .seconds(second))
            #expect(machine.tick(now: start + .seconds(second)).allSatisfy { $0 == .ping(id: nil) })
        }
        #expect(machine.replied(Reply(id: 2, outcome: ok), now: start + .seconds(61)) == .actions([.notConsuming(.paused)]))
        machine.heard(now: start + .seconds(80))
        #expect(machine.tick(now: start + .seconds(80)).allSatisfy { $0 == .ping(id: nil) })
    }

    @Test("P7: an engine that stands still has not refused queue.unpop; one that is there and does not answer it is left")
    func unpopUnanswered() {
        var machine = makeConsuming()
        _ = machine.setConsuming(false, now: start)
        for second in [10, 20, 30, 39] {
            #expect(machine.tick(now: start + .seconds(second)).allSatisfy { $0 == .ping(id: nil) })
        }
        #expect(machine.nextDeadline == start + .seconds(40))
        var standing = machine
        guard case .close(let silence)? = standing.tick(now: start + .seconds(40)).last else { return #expect(Bool(false)) }
        #expect(silence.reason.hasPrefix("nothing was heard"))
        machine.heard(now: start + .seconds(39))
        #expect(machine.tick(now: start + .seconds(40)) == [.ping(id: nil)])
        #expect(machine.nextDeadline == start + .seconds(49))
        guard case .close(let end)? = machine.tick(now: start + .seconds(49)).last else { return #expect(Bool(false)) }
        #expect(end.reason == "queue.unpop was not answered")
    }
}

extension NodeConnectionMachine {
    /// Where chance does not matter.
    fileprivate mutating func replied(_ reply: Reply, now: ContinuousClock.Instant) -> ReplyAction {
        var generator = SeededGenerator(seed: 1)
        return replied(reply, now: now, using: &generator)
    }
}
