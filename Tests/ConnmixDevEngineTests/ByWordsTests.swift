import NIOCore
import NIOWebSocket
import Testing

@testable import ConnmixDevEngine

/// What looks at eight bytes at a time, beside what looks at each.
struct ByWordsTests {
    /// Each byte at each place of a string that is longer than two words.
    @Test(arguments: UInt8.min...UInt8.max) func stringsEndWhereTheyEnd(_ byte: UInt8) {
        for length in 0..<20 {
            for place in 0..<max(length, 1) {
                for filler in [UInt8(ascii: "a"), 0x21, 0x5B, 0x7F, 0x80, 0xA2, 0xDC, 0xFF] {
                    var content = [UInt8](repeating: filler, count: length)
                    if length > 0 { content[place] = byte }
                    let text = [UInt8(ascii: "\"")] + content + [UInt8(ascii: "\""), UInt8(ascii: " ")]
                    let found = text.withUnsafeBytes { JSONScanner.document($0) }
                    #expect(found == Self.byteByByte(text), "\(byte) at \(place) of \(length), among \(filler)")
                }
            }
        }
    }

    /// The range of a string with nothing but space behind it.
    private static func byteByByte(_ text: [UInt8]) -> Range<Int>? {
        var index = 1
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\""): return text[(index + 1)...].allSatisfy { $0 == 0x20 } ? 0..<index + 1 : nil
            case 0..<0x20: return nil
            case UInt8(ascii: "\\"):
                guard index + 1 < text.count, Array(#""\/bfnrt"#.utf8).contains(text[index + 1]) else { return nil }
                index += 2
            default: index += 1
            }
        }
        return nil
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 200, 65_536, 65_537])
    func takesMasksOff(_ length: Int) throws {
        let key = try #require(WebSocketMaskingKey([0x12, 0xA5, 0x00, 0xFF]))
        var unmasking = Unmasking()
        var results: [(ByteBuffer, ByteBuffer)] = []
        // A second one must not touch the first one's bytes, which somebody keeps.
        for start in [3 as UInt8, 4] {
            var data = ByteBuffer(bytes: (0..<length).map { UInt8(truncatingIfNeeded: $0) &+ start })
            let masked = data
            data.webSocketUnmask(key)
            results.append((unmasking.unmask(masked, key), data))
        }
        for (result, expected) in results { #expect(result == expected) }
    }

    @Test func aSmallFrameTakesLittleAfterALargeOne() throws {
        let key = try #require(WebSocketMaskingKey([1, 2, 3, 4]))
        var unmasking = Unmasking()
        #expect(unmasking.unmask(ByteBuffer(repeating: 0, count: 1 << 20), key).readableBytes == 1 << 20)
        #expect(unmasking.unmask(ByteBuffer(repeating: 0, count: 10), key).capacity < 1 << 10)
    }

    @Test(arguments: [0, 7, 10, 99, 100, 12_345, Int.max]) func writesDecimals(_ value: Int) {
        var buffer = ByteBuffer()
        buffer.write(atMost: 20) { $0.write(decimal: value) }
        #expect(String(buffer: buffer) == String(value))
    }
}
