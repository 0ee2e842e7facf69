import ConnmixDurable
import Glibc
import Logging
import SystemPackage
import Testing

@testable import connmix_durable

@Suite("the gate through which processes are started", .timeLimit(.minutes(1)))
struct LaunchGateTests {
    private func gate(waits: Bool = true) -> LaunchGate {
        LaunchGate(name: "handler", waits: waits, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("one start at a time; those that wait come in their order, and one that leaves is skipped")
    func turns() async throws {
        let gate = gate()
        let first = try await gate.enter()
        #expect(!gate.betweenStarts { _ in })
        let waiting = (0..<3).map { _ in Task { try await gate.enter() } }
        waiting[1].cancel()
        await #expect(throws: CancellationError.self) { try await waiting[1].value }
        first.started(Int32.max)
        for task in [waiting[0], waiting[2]] {
            let turn = try await task.value
            turn.abandon()
            turn.finish()
        }
        var running: [Set<Int32>] = []
        #expect(gate.betweenStarts { running.append($0) })
        first.finish()
        #expect(gate.betweenStarts { running.append($0) })
        #expect(running == [[.max], []])
    }

    @Test("a turn is given up once, whatever is said of it later")
    func once() async throws {
        let gate = gate()
        let turn = try await gate.enter()
        turn.failed("no")
        let next = try await gate.enter()
        turn.failed("again")
        turn.finish()
        #expect(!gate.betweenStarts { _ in }, "the next one has the turn")
        next.finish()
    }

    @Test("after a failure one process at a time is started, until one has proved itself or stood for a while")
    func probe() async throws {
        let standing = HandlerStanding("--worker handler")
        let gate = LaunchGate(
            name: "handler", waits: true, standing: standing, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        for isProved in [true, false] {
            let failed = try await gate.enter()
            failed.failed("no")
            #expect(standing.trouble?.reason == "handler cannot be started: no")
            let probe = try await gate.enter()
            probe.started(Int32.max)
            let next = Task { try await gate.enter() }
            isProved ? gate.proved() : probe.stood(isWell: true)
            #expect(standing.trouble == nil)
            let turn = try await next.value
            turn.started(Int32.max - 1)
            let third = try await gate.enter()
            for turn in [probe, turn, third] { turn.finish() }
        }
        let failed = try await gate.enter()
        failed.failed("no")
        let probe = try await gate.enter()
        probe.started(Int32.max)
        gate.wasUseless(begunAt: probe.begunAt, "ended", hadRead: false)
        probe.finish()
        #expect(standing.trouble?.reason == "ended")
        let next = try await gate.enter()
        next.finish()
    }

    @Test("where nobody waits a failure is an error")
    func impatient() async throws {
        #expect(throws: SidecarError.self) { try gate(waits: false).retries(after: "no") }
        try gate().retries(after: "no")
    }

    @Test("what a process has not read of its stdin is known, before and after the end of it")
    func unread() throws {
        let pipe = try ProcessPipe.make(1)[0]
        let unread = UnreadInput(pipe.writeEnd)
        try pipe.writeEnd.writeAll([1, 2, 3, 4, 5])
        #expect(unread.count == 5)
        var buffer = [UInt8](repeating: 0, count: 2)
        _ = try buffer.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) }
        #expect(unread.count == 3)
        unread.inputEnds()
        try pipe.writeEnd.close()
        buffer = [UInt8](repeating: 0, count: 10)
        _ = try buffer.withUnsafeMutableBytes { try pipe.readEnd.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<2])) }
        #expect(unread.count == 1)
        _ = try buffer.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) }
        let end = try buffer.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) }
        #expect(end == 0 && unread.count == 0)
        try pipe.readEnd.close()
        unread.close()
        #expect(unread.count == nil)
    }
}
