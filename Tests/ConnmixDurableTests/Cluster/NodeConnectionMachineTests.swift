import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("the connection machine")
struct NodeConnectionMachineTests {
    private let start = ContinuousClock.now
    private let ok = Reply.Outcome.success(EngineResult(success: true, json: #"{"s":true}"#))

    private func make(form: RequestForm? = nil, consumes: Bool = true) -> NodeConnectionMachine {
        NodeConnectionMachine(settings: .init(topics: ["t"]), form: form, consumes: consumes, now: start)
    }

    private func makeConsuming(form: RequestForm = .docs) -> NodeConnectionMachine {
        var machine = make(form: form)
        _ = machine.opened(now: start)
        _ = machine.replied(Reply(id: 1, outcome: ok), now: start)
        return machine
    }

    private func refused(_ code: EngineErrorCode) -> Reply.Outcome { .failure(code, message: "no") }

    @Test("all topics are popped in one request at once")
    func pop() {
        var machine = make()
        #expect(machine.opened(now: start) == [.pop(id: 1, ["t"], .docs)])
        #expect(machine.replied(Reply(id: 1, outcome: ok), now: start) == .actions([.nowConsuming(.docs)]))
    }

    @Test("a topic rests: all are unpopped, and the others popped anew; where all rest, none")
    func restingTopics() {
        let settings = NodeConnectionMachine.Settings(topics: ["a", "b", "c"])
        var machine = NodeConnectionMachine(settings: settings, form: .docs, consumes: true, except: ["c"], now: start)
        #expect(machine.opened(now: start) == [.pop(id: 1, ["a", "b"], .docs)])
        #expect(machine.setConsuming(true, except: ["b"], now: start) == [])  // not before the answer
        #expect(machine.replied(Reply(id: 1, outcome: ok), now: start) == .actions([.unpop(id: 2, .docs)]))
        #expect(
            machine.replied(Reply(id: 2, outcome: ok), now: start)
                == .actions([.notConsuming(.paused), .pop(id: 3, ["a", "c"], .docs)]))
        #expect(machine.replied(Reply(id: 3, outcome: ok), now: start) == .actions([.nowConsuming(.docs)]))
        #expect(machine.setConsuming(true, except: ["b"], now: start) == [])
        #expect(machine.setConsuming(true, except: ["a", "b", "c"], now: start) == [.unpop(id: 4, .docs)])
        #expect(machine.replied(Reply(id: 4, outcome: ok), now: start) == .actions([.notConsuming(.paused)]))
        #expect(machine.setConsuming(true, now: start) == [.pop(id: 5, ["a", "b", "c"], .docs)])
    }

    @Test(
        "queue.unpop was refused, and other topics are wanted now: the connection is made anew, since nobody knows what it pops")
    func restingTopicsUnclear() {
        let settings = NodeConnectionMachine.Settings(topics: ["a", "b"])
        var machine = NodeConnectionMachine(settings: settings, form: .docs, consumes: true, now: start)
        _ = machine.opened(now: start)
        _ = machine.replied(Reply(id: 1, outcome: ok), now: start)
        #expect(machine.setConsuming(true, except: ["b"], now: start) == [.unpop(id: 2, .docs)])
        #expect(
            machine.replied(Reply(id: 2, outcome: refused(.unpopFailed)), now: start)
                == .actions([.notConsuming(.paused), .pop(id: 3, ["a"], .docs)]))
        guard case .actions(let actions) = machine.replied(Reply(id: 3, outcome: refused(.consumedAlready)), now: start),
            case .close(let end)? = actions.first
        else {
            Issue.record("it was kept")
            return
        }
        #expect(end.cause == .violation)
    }

    @Test("error 101 in the documented form: the older one, on the same connection; then it is remembered")
    func olderDialect() {
        var machine = make()
        _ = machine.opened(now: start)
        #expect(
            machine.replied(Reply(id: 1, outcome: refused(.invalidParameters)), now: start)
                == .actions([.pop(id: 2, ["t"], .php105)]))
        #expect(machine.replied(Reply(id: 2, outcome: ok), now: start) == .actions([.nowConsuming(.php105)]))
        var next = make(form: .php105)
        #expect(next.opened(now: start) == [.pop(id: 1, ["t"], .php105)])
    }

    @Test("refused is not consuming, is said, and is tried again")
    func refusedPop() {
        var machine = make()
        _ = machine.opened(now: start)
        guard case .actions(let actions) = machine.replied(Reply(id: 1, outcome: refused(.consumeFailed)), now: start) else {
            return #expect(Bool(false))
        }
        guard actions.count == 1, case .notConsuming? = actions.first else { return #expect(Bool(false), "\(actions)") }
        #expect(machine.tick(now: start + .seconds(1)) == [.pop(id: 2, ["t"], .docs)])
    }

    @Test("202 on a fresh connection cannot be: it is no success, also after pops that were refused")
    func consumedAlready() {
        let violation = Disconnection(
            cause: .violation, reason: "the engine says 202, consumed already, on a fresh connection")
        for form in [nil, RequestForm.docs, .php105] {
            var fresh = make(form: form)
            _ = fresh.opened(now: start)
            #expect(
                fresh.replied(Reply(id: 1, outcome: refused(.consumedAlready)), now: start) == .actions([.close(violation)]))
            #expect(fresh.nextDeadline == nil)
        }
        var older = make()
        _ = older.opened(now: start)
        _ = older.replied(Reply(id: 1, outcome: refused(.invalidParameters)), now: start)
        #expect(
            older.replied(Reply(id: 2, outcome: refused(.consumedAlready)), now: start) == .actions([.close(violation)]))
        var again = make()
        _ = again.opened(now: start)
        _ = again.replied(Reply(id: 1, outcome: refused(.consumeFailed)), now: start)
        #expect(again.tick(now: start + .seconds(1)) == [.pop(id: 2, ["t"], .docs)])
        #expect(
            again.replied(Reply(id: 2, outcome: refused(.consumedAlready)), now: start) == .actions([.close(violation)]))
        // An unpop that was applied: nothing stands of the pop before it.
        var unpopped = makeConsuming()
        _ = unpopped.setConsuming(false, now: start)
        _ = unpopped.setConsuming(true, now: start)
        _ = unpopped.replied(Reply(id: 2, outcome: ok), now: start)
        #expect(
            unpopped.replied(Reply(id: 3, outcome: refused(.consumedAlready)), now: start) == .actions([.close(violation)]))
    }

    @Test(
        "202 is success where an unpop was refused: the pop before it may stand",
        arguments: [EngineErrorCode.unpopFailed, EngineErrorCode(rawValue: 9)])
    func popStands(code: EngineErrorCode) {
        var machine = makeConsuming()
        #expect(machine.setConsuming(false, now: start) == [.unpop(id: 2, .docs)])
        #expect(
            machine.replied(Reply(id: 2, outcome: refused(code)), now: start) == .actions([.notConsuming(.paused)]))
        #expect(machine.setConsuming(true, now: start) == [.pop(id: 3, ["t"], .docs)])
        // Refused for another reason, it is as it was.
        _ = machine.replied(Reply(id: 3, outcome: refused(.consumeFailed)), now: start)
        #expect(machine.tick(now: start + .seconds(1)) == [.pop(id: 4, ["t"], .docs)])
        #expect(
            machine.replied(Reply(id: 4, outcome: refused(.consumedAlready)), now: start)
                == .actions([.nowConsuming(.docs)]))
        #expect(machine.setConsuming(false, now: start) == [.unpop(id: 5, .docs)])
    }

    @Test("pauses between refused pops grow, by the chance that is given")
    func chance() {
        func pauses(_ seed: UInt64) -> [Duration] {
            var generator = SeededGenerator(seed: seed)
            var machine = make()
            var now = start
            var id: Int64 = 1
            _ = machine.opened(now: now)
            return (0..<8).map { _ in
                _ = machine.replied(Reply(id: id, outcome: refused(.consumeFailed)), now: now, using: &generator)
                let asked = now
                while true {
                    now = machine.nextDeadline ?? now
                    machine.heard(now: now)
                    if machine.tick(now: now).contains(.pop(id: id + 1, ["t"], .docs)) { break }
                }
                id += 1
                return now - asked
            }
        }
        #expect(pauses(7) == pauses(7))
        #expect(pauses(7) != pauses(8))
        #expect(pauses(7)[0] == .milliseconds(500) && pauses(7).max() ?? .zero > .seconds(2))
    }

    @Test("an unanswered pop ends the connection; an unanswered command only that command")
    func deadlines() {
        var machine = make()
        _ = machine.opened(now: start)
        machine.heard(now: start + .seconds(10))
        guard case .close? = machine.tick(now: start + .seconds(10)).first else { return #expect(Bool(false)) }
        var consuming = makeConsuming()
        #expect(consuming.command(77, now: start) == 2)
        consuming.heard(now: start + .seconds(10))
        #expect(consuming.tick(now: start + .seconds(10)) == [.overdue(command: 77)])
        // A late answer settles it all the same, once.
        #expect(consuming.replied(Reply(id: 2, outcome: ok), now: start + .seconds(11)) == .command(77))
        #expect(consuming.replied(Reply(id: 2, outcome: ok), now: start + .seconds(11)) == .unasked)
    }

    @Test("answers are matched by id, in any order, and only once")
    func matching() {
        var machine = makeConsuming()
        let first = machine.command(10, now: start)
        let second = machine.command(11, now: start)
        #expect(first == 2 && second == 3)
        #expect(machine.replied(Reply(id: 3, outcome: ok), now: start) == .command(11))
        #expect(machine.replied(Reply(id: 3, outcome: ok), now: start) == .unasked)
        #expect(machine.replied(Reply(id: 99, outcome: ok), now: start) == .unasked)
        #expect(machine.replied(Reply(id: .min, outcome: ok), now: start) == .unasked)
        #expect(machine.replied(Reply(id: 2, outcome: ok), now: start) == .command(10))
    }

    @Test("P9: a quiet connection is pinged, a silent one is dead after two intervals")
    func heartbeat() {
        var machine = makeConsuming()
        #expect(machine.tick(now: start + .seconds(20)) == [.ping(id: nil)])
        machine.heard(now: start + .seconds(21))
        #expect(machine.tick(now: start + .seconds(40)) == [.ping(id: nil)])
        guard case .close? = machine.tick(now: start + .seconds(61)).first else { return #expect(Bool(false)) }
        var older = makeConsuming(form: .php105)
        #expect(older.tick(now: start + .seconds(20)) == [.ping(id: 2)])
    }

    @Test(
        "P4: a connection that answers no command is lost, after two ping intervals or the time for an answer; a slow one is not")
    func answersNothing() {
        var machine = makeConsuming()
        #expect(machine.command(5, now: start) == 2)
        machine.heard(now: start + .seconds(39))
        #expect(machine.tick(now: start + .seconds(39)).contains(.overdue(command: 5)))
        guard case .close(let end)? = machine.tick(now: start + .seconds(40)).last else { return #expect(Bool(false)) }
        #expect(end.cause == .silence && end.reason.hasPrefix("no command was answered for 40"))
        #expect(machine.closed() == [5])  // late, and still of unknown outcome

        // Two ping intervals where it answers no pings either, however much time there is for an answer; that time where it does.
        func make(pongs: Bool) -> NodeConnectionMachine {
            var machine = NodeConnectionMachine(
                settings: .init(topics: [], replyTimeout: .seconds(60)), form: .docs, consumes: false, now: start)
            _ = machine.command(5, now: start)
            for second in [20, 39] {
                machine.heard(now: start + .seconds(second))
                if pongs { machine.ponged(now: start + .seconds(second)) }
                _ = machine.tick(now: start + .seconds(second))
            }
            machine.heard(now: start + .seconds(41))
            return machine
        }
        var deaf = make(pongs: false)
        guard case .close? = deaf.tick(now: start + .seconds(41)).last else { return #expect(Bool(false)) }
        var reading = make(pongs: true)
        #expect(reading.tick(now: start + .seconds(41)).allSatisfy { if case .close = $0 { false } else { true } })

        var slow = makeConsuming()
        for second in stride(from: 0, to: 600, by: 15) {
            let now = start + .seconds(second)
            slow.heard(now: now)
            let id = slow.command(Int64(second), now: now) ?? 0
            #expect(slow.tick(now: now + .seconds(14)).allSatisfy { if case .close = $0 { false } else { true } })
            #expect(slow.replied(Reply(id: id, outcome: ok), now: now + .seconds(14)) == .command(Int64(second)))
        }
    }

    @Test("P4: a peer that takes nothing of what is written is lost after two ping intervals, and is not pinged meanwhile")
    func takesNothing() {
        var machine = makeConsuming()
        machine.setWritable(false, now: start)
        for second in [10, 20, 30, 39] {
            machine.heard(now: start + .seconds(second))
            #expect(machine.tick(now: start + .seconds(second)) == [])
        }
        var reader = machine
        reader.saw(unwritten: 2_000, now: start + .seconds(38))
        reader.saw(unwritten: 1_999, now: start + .seconds(39))  // slowly, but it reads
        machine.saw(unwritten: 2_000, now: start + .seconds(38))
        machine.saw(unwritten: 2_000, now: start + .seconds(39))
        reader.heard(now: start + .seconds(50))
        #expect(reader.tick(now: start + .seconds(50)) == [])
        reader.setWritable(true, now: start + .seconds(51))
        reader.heard(now: start + .seconds(70))
        #expect(reader.tick(now: start + .seconds(70)) == [.ping(id: nil)])
        machine.heard(now: start + .seconds(40))
        guard case .close(let end)? = machine.tick(now: start + .seconds(40)).last else { return #expect(Bool(false)) }
        #expect(end.cause == .silence)
    }

    @Test("leaving: unpop, answers, a quiet time, close")
    func leaving() {
        var machine = makeConsuming()
        _ = machine.command(5, now: start)
        #expect(machine.leave(now: start) == [.unpop(id: 3, .docs)])
        #expect(machine.command(6, now: start) == nil)
        #expect(machine.replied(Reply(id: 3, outcome: ok), now: start) == .actions([]))
        #expect(machine.tick(now: start + .milliseconds(150)) == [])
        machine.messageArrived(now: start + .milliseconds(150))
        #expect(machine.tick(now: start + .milliseconds(300)) == [])
        #expect(machine.tick(now: start + .milliseconds(400)) == [])  // a command still waits
        #expect(machine.replied(Reply(id: 2, outcome: ok), now: start + .milliseconds(400)) == .command(5))
        #expect(
            machine.tick(now: start + .milliseconds(401)) == [
                .close(Disconnection(cause: .wanted, reason: "left", isClean: true))
            ])
    }

    @Test("P7: pausing unpops, resuming pops again")
    func pause() {
        var machine = makeConsuming()
        #expect(machine.setConsuming(false, now: start) == [.unpop(id: 2, .docs)])
        #expect(machine.setConsuming(true, now: start) == [])  // not before the answer
        #expect(
            machine.replied(Reply(id: 2, outcome: ok), now: start)
                == .actions([.notConsuming(.paused), .pop(id: 3, ["t"], .docs)]))
        #expect(machine.replied(Reply(id: 3, outcome: ok), now: start) == .actions([.nowConsuming(.docs)]))
    }

    @Test("P7: while the socket is not read, its silence and its unread answers end nothing")
    func unread() {
        var machine = makeConsuming()
        _ = machine.command(7, now: start)
        _ = machine.setConsuming(false, now: start)
        machine.setReading(false, now: start + .seconds(1))
        for second in stride(from: 20, to: 3_600, by: 20) {
            #expect(machine.tick(now: start + .seconds(second)).allSatisfy { $0 == .ping(id: nil) })
        }
        machine.setReading(true, now: start + .seconds(3_601))
        #expect(machine.tick(now: start + .seconds(3_609)).allSatisfy { $0 == .ping(id: nil) })
        #expect(machine.replied(Reply(id: 2, outcome: ok), now: start + .seconds(3_609)) == .command(7))
        machine.heard(now: start + .seconds(3_610))
        #expect(machine.tick(now: start + .seconds(3_612)).allSatisfy { $0 == .ping(id: nil) })
        machine.heard(now: start + .seconds(3_613))
        guard case .close? = machine.tick(now: start + .seconds(3_623)).last else { return #expect(Bool(false)) }
    }

    @Test("P7: a pause soon after a resume has its whole time limit")
    func pauseAfterResume() {
        var machine = makeConsuming()
        _ = machine.setConsuming(false, now: start)
        _ = machine.replied(Reply(id: 2, outcome: ok), now: start)
        let later = start + .seconds(15)
        #expect(machine.setConsuming(true, now: later) == [.pop(id: 3, ["t"], .docs)])
        #expect(machine.setConsuming(false, now: later) == [])
        #expect(machine.replied(Reply(id: 3, outcome: ok), now: later) == .actions([.unpop(id: 4, .docs)]))
        #expect(machine.tick(now: later + .seconds(1)) == [])
    }

    @Test("the end names every command whose outcome is unknown, oldest first")
    func closed() {
        var machine = makeConsuming()
        for id: Int64 in [30, 31, 32] { _ = machine.command(id, now: start) }
        _ = machine.replied(Reply(id: 3, outcome: ok), now: start)
        #expect(machine.closed() == [30, 32])
        #expect(machine.closed() == [])
        #expect(machine.nextDeadline == nil)
    }
}

extension NodeConnectionMachine {
    /// Where chance does not matter.
    fileprivate mutating func replied(_ reply: Reply, now: ContinuousClock.Instant) -> ReplyAction {
        var generator = SeededGenerator(seed: 1)
        return replied(reply, now: now, using: &generator)
    }
}
