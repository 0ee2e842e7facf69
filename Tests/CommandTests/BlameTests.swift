import Testing

@testable import connmix_durable

@Suite("who is to blame for a worker's end")
struct BlameTests {
    @Test("a single message pays; with a second one the program is to blame, until something was answered")
    func program() {
        var blame = Blame()
        let alone = [blame.fell(1, mayWait: true), blame.fell(1, mayWait: false)]
        #expect(alone == [true, false])
        var both = Blame()
        let spared = [both.fell(1, mayWait: true), both.fell(2, mayWait: false), both.fell(1, mayWait: false)]
        #expect(spared == [true, true, true])
        both.answered()
        let proven = both.fell(1, mayWait: true)
        #expect(!proven)
    }

    @Test("P6: as many poisons as there are workers are dead in the end: each is spared a bounded number of times")
    func poisons() {
        var blame = Blame()
        var spared = [1: 0, 2: 0] as [Int64: Int]
        var charged: Set<Int64> = []
        // Each is spared the first time, to see whether others fall too.
        for message in [1, 2] as [Int64] where blame.fell(message, mayWait: true) { spared[message, default: 0] += 1 }
        for _ in 0..<1_000 where charged.count < 2 {
            for message in [1, 2] as [Int64] where !charged.contains(message) {
                if blame.fell(message, mayWait: false) { spared[message, default: 0] += 1 } else { charged.insert(message) }
            }
        }
        #expect(charged == [1, 2])
        #expect(spared[1] == Blame.spareLimit)
        #expect(spared.values.allSatisfy { $0 <= Blame.spareLimit })
    }
}
