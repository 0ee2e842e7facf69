import NIOCore
import Testing

@testable import ConnmixDurable

@Suite("the intake")
struct IntakeTests {
    private func messages(_ count: Int, bytes: Int = 0) -> [ReceivedMessage] {
        let data = ByteBuffer(repeating: 7, count: bytes)
        return (0..<count).map { _ in ReceivedMessage(node: "n", topic: "t", client: "c", data: data, receivedAt: 0) }
    }

    private func make() -> Intake {
        Intake(
            limits: .init(
                soft: .init(messages: 10, bytes: 1_000_000), hard: .init(messages: 30, bytes: 3_000_000),
                low: .init(messages: 4, bytes: 400_000)))
    }

    @Test("P7: at the soft limit it pauses, at the hard limit it stops reading, at low water it goes on; nothing is dropped")
    func limits() {
        var intake = make()
        #expect(intake.arrived(messages(9)) == nil)
        #expect(intake.arrived(messages(1)) == .pause)
        #expect(intake.arrived(messages(19)) == nil)
        #expect(intake.arrived(messages(1)) == .stopReading)
        #expect(!intake.isReading)
        #expect(intake.atRisk == 30)
        let taken = intake.take()
        #expect(taken.count == 30)
        #expect(intake.atRisk == 30)  // not before the commit
        #expect(intake.arrived(messages(5)) == nil)
        #expect(intake.committed(taken) == nil)
        let rest = intake.take()
        #expect(rest.count == 5)
        #expect(intake.committed(rest) == .resume)
        #expect(intake.isOpen)
        #expect(intake.highWater == 35)
    }

    @Test("P7: bytes are limited as messages are; what is added to a message on its way does not change what it weighs")
    func bytes() {
        var intake = make()
        #expect(intake.arrived(messages(1, bytes: 900_000)) == nil)
        #expect(intake.arrived(messages(1, bytes: 200_000)) == .pause)
        #expect(intake.arrived(messages(2, bytes: 1_000_000)) == .stopReading)
        var taken = intake.take()
        for index in taken.indices {
            taken[index].lane = "a lane with a name"
            taken[index].dedupeKey = "a key"
        }
        #expect(intake.putBack(taken) == nil)
        #expect(intake.atRisk == 4)
        taken = intake.take()
        #expect(intake.committed(Array(taken[..<2])) == nil)
        #expect(intake.committed(Array(taken[2...])) == .read)
        #expect(intake.bytesAtRisk == 0)
        #expect(intake.release(.trouble) == .resume)
    }

    @Test("P7: a single message may be larger than every limit, and goes through")
    func largeMessage() {
        var intake = make()
        #expect(intake.arrived(messages(1, bytes: 5_000_000)) == .stopReading)
        let last = intake.take()
        #expect(intake.committed(last) == .resume)
    }

    @Test("P8: in a trouble of hours the sockets are read up to the hard limit, and nothing is dropped")
    func longTrouble() {
        var intake = make()
        _ = intake.arrived(messages(1))
        let failed = intake.take()
        #expect(intake.putBack(failed) == .pause)
        for _ in 0..<28 { #expect(intake.arrived(messages(1)) == nil) }
        #expect(intake.arrived(messages(1)) == .stopReading)
        for _ in 0..<100 {
            let taken = intake.take()
            #expect(taken.count == 30)
            #expect(intake.putBack(taken) == nil)
            #expect(!intake.isReading)
        }
        let last = intake.take()
        #expect(intake.committed(last) == .read)
        #expect(intake.release(.trouble) == .resume)
        #expect(intake.bytesAtRisk == 0)
    }

    @Test("P8: several reasons hold, and the last one that goes lets go")
    func holds() {
        var intake = make()
        #expect(intake.hold(.starting) == .pause)
        #expect(intake.hold(.disk) == nil)
        #expect(intake.release(.starting) == nil)
        #expect(intake.hold(.backlog) == nil)
        #expect(intake.release(.disk) == nil)
        #expect(!intake.isOpen)
        #expect(intake.isReading)
        #expect(intake.release(.backlog) == .resume)
    }

    @Test("P8: what could not be committed stays, in its order, and nothing more is taken until it is")
    func putBack() {
        var intake = make()
        var first = messages(1)
        first[0] = ReceivedMessage(node: "n", topic: "first", client: "c", data: first[0].data, receivedAt: 0)
        _ = intake.arrived(first)
        let taken = intake.take()
        _ = intake.arrived(messages(1))
        #expect(intake.putBack(taken) == .pause)
        #expect(intake.atRisk == 2)
        #expect(!intake.isOpen)
        let again = intake.take()
        #expect(again.map(\.topic) == ["first", "t"])
        #expect(intake.committed(again) == nil)
        #expect(intake.release(.trouble) == .resume)
    }

    @Test("P7: a stop while reading is off reads on, and pops nothing; the end of a trouble does not undo the stop")
    func stopWhileBlocked() {
        var intake = make()
        #expect(intake.arrived(messages(30)) == .stopReading)
        #expect(intake.hold(.stopping) == nil)
        let taken = intake.take()
        #expect(intake.committed(taken) == .read)
        #expect(intake.isReading)
        #expect(!intake.isOpen)
        _ = intake.arrived(messages(1))
        let failed = intake.take()
        #expect(intake.putBack(failed) == nil)
        let last = intake.take()
        #expect(intake.committed(last) == nil)
        #expect(intake.release(.trouble) == nil)
        #expect(!intake.isOpen)
    }
}
