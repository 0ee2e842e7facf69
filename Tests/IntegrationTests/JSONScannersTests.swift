import NIOCore
import Testing

@testable import ConnmixDevEngine

/// The library and the development engine read JSON each in its own way, so that a mistake of one is not made by both: what one of
/// them takes and the other refuses is a mistake of one.
@Suite("two readers of JSON")
struct JSONScannersTests {
    private func libraryAccepts(_ bytes: [UInt8]) -> Bool { libraryTakesJSON(bytes) }

    private func engineAccepts(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { JSONScanner.document($0) != nil } && ByteBuffer(bytes: bytes).isUTF8
    }

    private static func nested(_ depth: Int, _ open: String = "[", _ inner: String = "", _ close: String = "]") -> String {
        String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
    }

    private static let wellFormed = [
        "0", "-0", "7", "10", "-12345678901234567890", "0.0", "1.50", "1e9", "1E+05", "-0.5e-3", "1e400", "true", "false", "null",
        "\"\"", "[]", "{}", " [ ] ", "\t{\n}\r", #"[1,[2,{"a":[]}],"x"]"#, #"{"":0}"#, #"{"a":1,"a":2}"#,
        #"{ "a" : { "b" : null } }"#,
        #""\"\\\/\b\f\n\r\t""#, #""\u0000\u00e9\uD83D\ude00""#, #""\ud800""#, "\"é漢😀\"", "\"\u{7F}\u{2028}\u{FEFF}\"",
        // Eight bytes at a time: what ends or breaks a text stands at each place of a word.
        "\"1\"", "\"12345\"", "\"123456\"", "\"1234567\"", "\"12345678\"", "\"123456789\"", #""1234567\n""#, #""12345678\"90""#,
        #""\u12aF1234567890""#, nested(255), nested(256), nested(256, "[", "1"), nested(255, "[", "{}"),
        nested(256, #"{"a":"#, "1", "}"), nested(128, #"{"a":["#, #""x""#, "]}"),
    ]

    private static let malformed = [
        "", " ", "\u{FEFF}1", "01", "-01", "+1", "-", "1.", ".5", "1e", "1e+", "1.e1", "0x1", "1_000", "NaN", "Infinity", "tru",
        "truE",
        "nulll", "fals", "\"", "\"\\\"", #""\x""#, #""\u12""#, #""\u12g4""#, #""\u123"#, #""\U1234""#, "\"\n\"", "\"\u{0}\"",
        "\"1234567\u{1F}\"", "\"12345678\u{1}9\"", "'a'", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1;2]", "{", "}", "{]",
        "[}",
        #"{"a"}"#, #"{"a":}"#, #"{"a":1"#, #"{"a":1,}"#, #"{,"a":1}"#, "{a:1}", "{1:1}", #"{"a" 1}"#, #"{"a":1 "b":2}"#, "1 2",
        "{} {}",
        "null,", "[]x", "1\u{0}", "\u{0}", "[1]\u{0}", "// x\n1", "[1/**/]", nested(257), nested(257, "[", "1"),
        nested(257, #"{"a":"#, "1", "}"), nested(129, #"{"a":["#, #""x""#, "]}"), nested(100_000),
        String(repeating: "[", count: 100_000),
    ]

    /// Bytes that are no UTF-8, in a text and elsewhere.
    private static let malformedBytes: [[UInt8]] = [
        [0xFF], [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
        [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
        [0x22, 0xE2, 0x82, 0x22], [0x22, 0x80, 0x22], [0x5B, 0x31, 0x5D, 0xC3], [0xEF, 0xBB, 0xBF, 0x31],
    ]

    @Test("what is JSON, both take", arguments: wellFormed)
    func takes(text: String) {
        #expect(libraryAccepts(Array(text.utf8)), "the library")
        #expect(engineAccepts(Array(text.utf8)), "the engine")
    }

    @Test("what is none, both refuse", arguments: malformed.map { Array($0.utf8) } + malformedBytes)
    func refuses(bytes: [UInt8]) {
        #expect(!libraryAccepts(bytes), "the library")
        #expect(!engineAccepts(bytes), "the engine")
    }

    @Test("what becomes of it when bytes are lost, doubled, changed or moved, both see alike")
    func mutated() {
        let seed = UInt64.random(in: 0 ... .max)
        print("JSONScannersTests.mutated: seed \(seed)")  // where one traps, nothing else tells
        var generator = Shuffle(state: seed)
        let texts = (Self.wellFormed + Self.malformed).map { Array($0.utf8) }.filter { $0.count < 2_000 }
        let telling = Array(#""\{}[]:,0159.eE+-truefalsn u/ "#.utf8) + [0x00, 0x1F, 0x7F, 0x80, 0xC3, 0xFF]
        var accepted = 0
        for round in 0..<20_000 {
            var bytes = texts[round % texts.count]
            for _ in 0...Int.random(in: 0...3, using: &generator) {
                let place = Int.random(in: 0...bytes.count, using: &generator)
                let byte = telling.randomElement(using: &generator) ?? 0
                switch Int.random(in: 0..<4, using: &generator) {
                case 0 where place < bytes.count: bytes[place] = byte
                case 1 where place < bytes.count: bytes.remove(at: place)
                case 2: bytes += texts.randomElement(using: &generator) ?? []
                default: bytes.insert(byte, at: place)
                }
            }
            let (library, engine) = (libraryAccepts(bytes), engineAccepts(bytes))
            #expect(library == engine, "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            if library { accepted += 1 }
        }
        #expect(accepted > 100 && accepted < 19_000, "seed \(seed): nearly all texts are alike, \(accepted) of 20,000 are JSON")
    }

    /// Seeded, so that a failing round can be repeated.
    private struct Shuffle: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}
