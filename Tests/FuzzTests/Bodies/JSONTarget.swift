import Foundation
import NIOCore

@testable import ConnmixDurable

/// The library's reading of JSON, beside the development engine's and Foundation's.
enum JSONTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        try bytes.withMemoryRebound(to: UInt8.self) { bytes in
            let isValue = JSONScanner.isValue(bytes)
            try hold(isValue == EngineReading.isJSON(UnsafeRawBufferPointer(bytes)), "both readers take the same")
            try places(bytes)
            if isValue, Thoroughness.isDrawn(UnsafeRawBufferPointer(bytes)) { try foundation(bytes) }
        }
        try plain(bytes)
        try strings(bytes)
    }

    /// Where a value is, and that reading it again finds the same.
    private static func places(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        var scanner = JSONScanner(bytes)
        guard let place = scanner.value() else {
            return try hold(scanner.index <= bytes.count, "the scanner stays within the bytes")
        }
        try hold(place.lowerBound < place.upperBound && place.upperBound <= bytes.count, "a value is within the bytes")
        let part = UnsafeBufferPointer(rebasing: bytes[place])
        let isText = String(validating: part, as: UTF8.self) != nil
        try hold(JSONScanner.isValue(part) == isText, "a value alone is one")
        var text = JSONScanner(part)
        try hold(text.integer(place.lowerBound..<place.lowerBound) == nil, "nothing is no number")
        let digits = String(decoding: part, as: UTF8.self)
        guard part.count < 40, part.first != UInt8(ascii: "\"") else { return }
        var again = JSONScanner(part)
        guard let whole = again.value() else { return }
        let expected = digits.contains("e") || digits.contains("E") ? nil : plainInteger(digits)
        try hold(again.integer(whole) == expected, "an integer is read: \(digits)")
        _ = text.string()
    }

    private static func plainInteger(_ digits: String) -> Int64? {
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count == 1 || parts[1].allSatisfy({ $0 == "0" }) else { return nil }
        return Int64(parts[0])
    }

    /// What both take is to Foundation the same text. It refuses lone surrogates and numbers that a double has no room for.
    private static func foundation(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        let data = Data(bytes)
        let read = try? JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed])
        let isPlain = !bytes.contains { $0 == UInt8(ascii: "\\") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        if isPlain { try hold(read != nil, "Foundation takes it as well") }
        guard let text = read as? String else { return }
        var scanner = JSONScanner(bytes)
        guard let found = scanner.string() else { throw Broken(property: "what Foundation reads as text is text") }
        try hold(scanner.text(found) == text, "Foundation reads the same text")
    }

    /// Eight bytes at a time finds what one at a time does.
    private static func plain(_ bytes: UnsafeRawBufferPointer) throws {
        for start in 0..<min(bytes.count, 9) {
            let end = bytes[start...].firstIndex { $0 == 0x22 || $0 == 0x5C || $0 < 0x20 } ?? bytes.count
            try hold(JSONText.endOfPlain(bytes, from: start) == end, "the end of plain text is found")
        }
    }

    /// Any text, written and read again.
    private static func strings(_ bytes: UnsafeRawBufferPointer) throws {
        let text = bytes.text
        var buffer = ByteBuffer()
        buffer.writeJSONString(text)
        try buffer.withUnsafeReadableBytes { written in
            try hold(EngineReading.isJSON(written), "a written text is JSON")
            try written.withMemoryRebound(to: UInt8.self) { written in
                var scanner = JSONScanner(written)
                guard let found = scanner.string() else { throw Broken(property: "a written text is a text") }
                try hold(Array(scanner.text(found).utf8) == Array(text.utf8), "a written text is read as it was")
            }
        }
    }
}
