import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("the pace of reconnects and of questions to the center")
struct PacingTests {
    private let start = ContinuousClock.now
    private let a = NodeIdentity(id: "a", address: NodeAddress(host: "10.0.0.1", port: 1))

    private func makeConnected() -> ClusterMachine {
        var machine = ClusterMachine(settings: .init(), now: start, random: SeededGenerator(seed: 1))
        _ = machine.tick(now: start)
        _ = machine.directoryArrived([a], now: start)
        _ = machine.connected(a, now: start)
        return machine
    }

    /// Lets time pass, answers questions at once, and hands out what is to be connected to.
    private func run(
        _ machine: inout ClusterMachine, from begin: ContinuousClock.Instant, for length: Duration,
        isAlive: Bool = true, stands: Duration = .milliseconds(1)
    ) throws -> (connects: [ContinuousClock.Instant], questions: [ContinuousClock.Instant]) {
        var now = begin
        var connects: [ContinuousClock.Instant] = []
        var questions: [ContinuousClock.Instant] = []
        while now < begin + length {
            for action in machine.tick(now: now) {
                switch action {
                case .ask:
                    questions.append(now)
                    _ = machine.directoryArrived([a], now: now)
                case .connect:
                    connects.append(now)
                    if isAlive {
                        _ = machine.connected(a, now: now)
                        _ = machine.disconnected(a, now: now + stands)
                    } else {
                        _ = machine.attemptFailed(a, now: now)
                    }
                default: break
                }
            }
            now = max(now, try #require(machine.nextDeadline))
        }
        return (connects, questions)
    }

    @Test("the first pause is 100 ms; pauses grow with jitter to the cap, whatever is answered on connections that do not stand")
    func closing() throws {
        var machine = makeConnected()
        _ = machine.disconnected(a, now: start)
        let (connects, questions) = try run(&machine, from: start, for: .seconds(600))
        #expect(connects[0] == start + .milliseconds(100))
        #expect(connects.count { $0 < start + .seconds(10) } < 15)
        let pauses = zip(connects.dropFirst(), connects).map { $0 - $1 }
        #expect(pauses.allSatisfy { $0 >= .milliseconds(50) && $0 <= .seconds(31) })
        #expect(pauses.contains { $0 > .seconds(10) })
        #expect(connects.count < 80)
        // One every ten seconds is due anyhow.
        #expect(questions.count < 60 + connects.count + 10)
        #expect(questions.count { $0 < start + .seconds(10) } < 15)
    }

    @Test("pauses start over when a connection has stood for ten seconds, and not before")
    func standing() throws {
        var machine = makeConnected()
        _ = machine.disconnected(a, now: start)
        var now = try #require(try run(&machine, from: start, for: .seconds(120)).connects.last) + .seconds(60)
        _ = machine.tick(now: now)
        _ = machine.connected(a, now: now)
        now += .milliseconds(9_999)
        _ = machine.disconnected(a, now: now)
        #expect(!machine.tick(now: now + .milliseconds(100)).contains(.connect(a)))
        now += .seconds(60)
        _ = machine.tick(now: now)
        _ = machine.connected(a, now: now)
        now += .seconds(10)
        _ = machine.disconnected(a, now: now)
        #expect(!machine.tick(now: now + .milliseconds(99)).contains(.connect(a)))
        #expect(machine.tick(now: now + .milliseconds(100)).contains(.connect(a)))
    }

    @Test("a node that restarts all the time under new ids is not called more often for it")
    func restarting() throws {
        var machine = makeConnected()
        var now = start
        var connects = 0
        var current = a
        for number in 0..<10_000 {
            _ = machine.disconnected(current, now: now)
            now = max(now, try #require(machine.nextDeadline))
            guard now < start + .seconds(60) else { break }
            let next = NodeIdentity(id: "a\(number)", address: a.address)
            for action in machine.tick(now: now) {
                switch action {
                case .ask:
                    for case .connect(let node) in machine.directoryArrived([next], now: now) {
                        connects += 1
                        current = node
                        _ = machine.connected(node, now: now)
                    }
                case .connect(let node):
                    connects += 1
                    _ = machine.connected(node, now: now)
                default: break
                }
            }
        }
        #expect(connects < 60, "\(connects)")
    }

    @Test("a loss is a reason to ask early, once; many losses are not many reasons")
    func early() {
        var schedule = DirectorySchedule(settings: .init(), now: start)
        var random = SeededGenerator(seed: 1)
        #expect(schedule.takeQuestion(now: start) == true)
        schedule.answered(isAlone: false, isPending: false, now: start, random: &random)
        for _ in 0..<100 { schedule.lost(now: start + .seconds(1), random: &random) }
        #expect(schedule.nextQuestion == start + .milliseconds(1_100))
        #expect(schedule.takeQuestion(now: start + .milliseconds(1_100)) == true)
        // Lost while the answer is on its way: the answer may be older than the loss.
        schedule.lost(now: start + .milliseconds(1_150), random: &random)
        #expect(schedule.nextQuestion == nil)
        schedule.answered(isAlone: false, isPending: false, now: start + .milliseconds(1_200), random: &random)
        #expect(schedule.nextQuestion == start + .milliseconds(1_250))
        // Ten seconds without a loss, and it is as at first.
        #expect(schedule.takeQuestion(now: start + .seconds(5)) == true)
        schedule.answered(isAlone: false, isPending: false, now: start + .seconds(15), random: &random)
        schedule.lost(now: start + .seconds(20), random: &random)
        #expect(schedule.nextQuestion == start + .milliseconds(20_100))
    }
}
