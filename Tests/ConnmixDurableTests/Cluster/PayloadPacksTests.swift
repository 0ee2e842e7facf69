import NIOCore
import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("packs of payloads")
struct PayloadPacksTests {
    private func packed(_ payloads: [ByteBuffer]) -> [ByteBuffer] {
        var payloads = payloads
        PayloadPacks.pack(&payloads)
        return payloads
    }

    @Test("P7: a small payload does not hold the large frame that it came in; one that is most of its frame is not copied")
    func excess() throws {
        let frame = ByteBuffer(repeating: 7, count: 60 << 20)
        func payload(_ bytes: Int) throws -> ByteBuffer {
            let data = try #require(frame.getSlice(at: 1_000, length: bytes))
            let payload = packed([data])[0]
            #expect(payload == data)
            return payload
        }
        #expect(try payload(10).storageCapacity < 4_096)
        #expect(try payload(20 << 20).storageCapacity < 40 << 20)
        #expect(try payload(50 << 20).storageCapacity == frame.storageCapacity)
    }

    @Test("P7: what many have together is bounded, and each is what it was, whatever their sizes")
    func together() {
        var generator = SeededGenerator(for: "packs")
        var burst = ByteBuffer()
        var places: [(start: Int, length: Int)] = []
        for number in 0..<500 {
            let length =
                number % 50 == 0 ? Int.random(in: 3_000...9_000, using: &generator) : Int.random(in: 0...300, using: &generator)
            places.append((burst.writerIndex, length))
            burst.writeRepeatingByte(UInt8(number % 251), count: length)
        }
        let payloads = places.map { burst.getSlice(at: $0.start, length: $0.length) ?? ByteBuffer() }
        let packs = packed(payloads)
        #expect(packs == payloads)
        for (pack, payload) in zip(packs, payloads) {
            #expect(pack.storageCapacity <= max(PayloadPacks.size, 2 * payload.readableBytes))
        }
        #expect(packed([]) == [])
    }

    @Test("one that is written to does not change its neighbours")
    func writing() {
        let burst = ByteBuffer(repeating: 1, count: 64 << 10)
        var packs = packed((0..<3).map { burst.getSlice(at: $0 * 100, length: 100) ?? ByteBuffer() })
        packs[0].writeRepeatingByte(2, count: 50)
        #expect(packs[1] == ByteBuffer(repeating: 1, count: 100) && packs[2] == packs[1])
    }
}
