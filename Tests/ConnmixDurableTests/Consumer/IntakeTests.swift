import NIOCore
import Testing

@testable import ConnmixDurable

@Suite("the intake")
struct IntakeTests {
    private func messages(_ count: Int) -> [ReceivedMessage] {
        (0..<count).map { _ in ReceivedMessage(node: "n", topic: "t", client: "c", data: ByteBuffer(), receivedAt: 0) }
    }

    private func make() -> Intake { Intake(limits: .init(soft: 10, hard: 30, low: 4)) }

    @Test("P7: at the soft limit it pauses, at the hard limit it stops reading, at low water it goes on; nothing is dropped")
    func limits() {
        var intake = make()
        #expect(intake.arrived(messages(9)) == nil)
        #expect(intake.arrived(messages(1)) == .pause)
        #expect(intake.arrived(messages(19)) == nil)
        #expect(intake.arrived(messages(1)) == .stopReading)
        #expect(!intake.isReading)
        #expect(intake.atRisk == 30)
        #expect(intake.take().count == 30)
        #expect(intake.atRisk == 30)  // not before the commit
        #expect(intake.arrived(messages(5)) == nil)
        #expect(intake.committed(30) == nil)
        #expect(intake.take().count == 5)
        #expect(intake.committed(5) == .resume)
        #expect(intake.isOpen)
        #expect(intake.highWater == 35)
    }

    @Test("P8: what could not be committed stays, in its order, and nothing more is taken until it is")
    func putBack() {
        var intake = make()
        var first = messages(1)
        first[0].topic = "first"
        _ = intake.arrived(first)
        let taken = intake.take()
        _ = intake.arrived(messages(1))
        #expect(intake.putBack(taken) == .pause)
        #expect(intake.atRisk == 2)
        #expect(!intake.isOpen)
        let again = intake.take()
        #expect(again.map(\.topic) == ["first", "t"])
        #expect(intake.committed(2) == nil)
        #expect(intake.release(.trouble) == .resume)
    }

    @Test("P7: a stop while reading is off reads on, and pops nothing; the end of a trouble does not undo the stop")
    func stopWhileBlocked() {
        var intake = make()
        #expect(intake.arrived(messages(30)) == .stopReading)
        #expect(intake.hold(.stopping) == nil)
        let taken = intake.take()
        #expect(intake.committed(taken.count) == .read)
        #expect(intake.isReading)
        #expect(!intake.isOpen)
        _ = intake.arrived(messages(1))
        #expect(intake.putBack(intake.take()) == nil)
        _ = intake.take()
        #expect(intake.committed(1) == nil)
        #expect(intake.release(.trouble) == nil)
        #expect(!intake.isOpen)
    }
}
