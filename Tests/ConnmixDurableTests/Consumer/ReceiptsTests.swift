import Testing

@testable import ConnmixDurable

@Suite("receipts")
struct ReceiptsTests {
    private func ids(_ range: ClosedRange<Int64>) -> [Receipt] { range.map { Receipt(id: $0) } }

    @Test("a receipt that nobody holds is forgotten, and however many come, places are kept only for those that are held")
    func forgotten() {
        var receipts = Receipts()
        let held = ids(1...100)
        for receipt in held { receipts.insert(receipt) }
        for id in 1_000..<100_000 as Range<Int64> { receipts.insert(Receipt(id: id)) }
        #expect(receipts.count < 2_500)
        #expect(receipts[1_000] == nil)
        #expect(receipts.values.count == 100)
        #expect(receipts[7] === held[6])
        let taken = (receipts.removeValue(forKey: 7), receipts.removeValue(forKey: 7), receipts.removeValue(forKey: 99_999))
        #expect(taken.0 === held[6] && taken.1 == nil && taken.2 == nil)
        withExtendedLifetime(held) {}
    }

    @Test("after a change by others each one is looked at once, so many at a time")
    func turns() {
        var receipts = Receipts()
        let held = ids(1...25)
        for receipt in held { receipts.insert(receipt) }
        #expect(!receipts.wantsLook && receipts.nextLook(limit: 10) == [])
        receipts.lookAgain()
        #expect(receipts.nextLook(limit: 10) == Array(1...10))
        let late = Receipt(id: 26)
        receipts.insert(late)
        _ = receipts.removeValue(forKey: 12)
        #expect(receipts.nextLook(limit: 10) == [11] + Array(13...21))
        #expect(receipts.wantsLook)
        #expect(receipts.nextLook(limit: 10) == Array(22...25))
        #expect(!receipts.wantsLook)
        withExtendedLifetime((held, late)) {}
    }

    @Test("changes that never cease keep none of them from its turn, nor does a sweep")
    func unceasing() {
        var receipts = Receipts()
        let held = ids(1...30)
        for receipt in held { receipts.insert(receipt) }
        var seen: Set<Int64> = []
        for round in 0..<3 as Range<Int64> {
            receipts.lookAgain()
            seen.formUnion(receipts.nextLook(limit: 10))
            for id in 0..<2_000 { receipts.insert(Receipt(id: 1_000 + round * 2_000 + Int64(id))) }
        }
        #expect(seen == Set(1...30))
        withExtendedLifetime(held) {}
    }

    @Test("a key that comes again and again takes one place")
    func again() {
        var receipts = Receipts()
        for _ in 0..<10 { receipts.insert(Receipt(id: 1)) }
        let held = Receipt(id: 1)
        receipts.insert(held)
        receipts.lookAgain()
        #expect(receipts.count == 1)
        #expect(receipts.nextLook(limit: 10) == [1])
        #expect(receipts.nextLook(limit: 10) == [])
        withExtendedLifetime(held) {}
    }
}
