import FoundationEssentials
import NIOCore
import Testing

@testable import ConnmixDurable

@Suite("JSON text")
struct JSONTests {
    private func accepts(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var scanner = JSONScanner(bytes)
            return scanner.value() != nil && scanner.peek() == 0 && scanner.isAtEnd
        }
    }

    @Test(
        "what is JSON is accepted",
        arguments: [
            "0", "-0", "1.5e+10", "true", "false", "null", "\"\"", "[]", "{}", " [1, 2 , {\"a\":[]}] ", #""\u00e9\n\\""#,
            "\"0123456789abcdef\"", "-12345678901234567890",
        ])
    func valid(text: String) {
        #expect(accepts(text))
    }

    @Test(
        "what is not is refused",
        arguments: [
            "", "01", "+1", "1.", ".5", "1e", "tru", "nulll", "\"", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "[1,]", "[,]",
            "{\"a\"}",
            "{\"a\":}", "{a:1}", "[1 2]", "{\"a\":1,}", "\"1234567\u{1}\"", "'a'",
        ])
    func invalid(text: String) {
        #expect(!accepts(text))
    }

    @Test("strings survive writing and reading, control characters and emoji included")
    func roundTrip() throws {
        let texts = ["", "plain", "q\"b\\s/", "\u{0}\u{1}\u{1f}\n\r\t", "é漢😀", String(repeating: "x\"", count: 1_000)]
        for text in texts {
            var buffer = ByteBuffer()
            buffer.writeJSONString(text)
            let decoded = try JSONDecoder().decode(String.self, from: Data(buffer.readableBytesView))
            #expect(decoded == text)
            let scanned = buffer.withUnsafeReadableBytes { raw in
                raw.withMemoryRebound(to: UInt8.self) { bytes in
                    var scanner = JSONScanner(bytes)
                    return scanner.string().map { scanner.text($0) }
                }
            }
            #expect(scanned == text)
        }
        let pairs = Array(#"\ud83d\ude00 \ud800!"#.utf8)
        #expect(pairs.withUnsafeBufferPointer { JSONText.unescape($0) } == "😀 \u{FFFD}!")
    }

    @Test("integers to the edge of 64 bits, and not past it")
    func integers() {
        func integer(_ text: String) -> Int64? {
            var text = text
            return text.withUTF8 { bytes in
                let scanner = JSONScanner(bytes)
                return scanner.integer(0..<bytes.count)
            }
        }
        #expect(integer("9223372036854775807") == .max)
        #expect(integer("-9223372036854775808") == .min)
        #expect(integer("9223372036854775808") == nil)
        #expect(integer("17.0") == 17)
        #expect(integer("17.5") == nil)
        #expect(integer("1e3") == nil)
        #expect(integer("-") == nil)
        #expect(integer("") == nil)
    }
}
