import ArgumentParser
import ConnmixDurable
import NIOCore

/// A way through objects to a plain value in a message's data: `frame.uid`. A leading dot may stand before it. A text that is JSON
/// itself is gone through, too: `frame.data.n` is the `n` of an end user's frame.
struct JSONPath: Sendable, CustomStringConvertible {
    /// What stands at the end of a path. Objects, arrays and `null` count as missing.
    enum Value: Equatable {
        case text(String)
        /// A number, `true` or `false`, as it was written.
        case literal(String)

        /// As JSON.
        var json: String {
            switch self {
            case .literal(let text): return text
            case .text(let text):
                var writer = JSONWriter()
                writer.string(text)
                return String(decoding: writer.bytes, as: UTF8.self)
            }
        }

        /// Without quotes.
        var plain: String {
            switch self {
            case .text(let text), .literal(let text): text
            }
        }
    }

    let description: String
    private let keys: [String]

    /// - Returns: `nil` where a key is empty.
    init?(_ text: String) {
        let keys = (text.first == "." ? text.dropFirst() : text[...]).split(separator: ".", omittingEmptySubsequences: false)
        guard !keys.isEmpty, keys.count <= 16, keys.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.keys = keys.map(String.init)
        description = text
    }

    /// Of members with the same name the last counts, as for most readers of JSON.
    func value(in data: ByteBuffer) -> Value? {
        data.withUnsafeReadableBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                var scanner = JSONScanner(bytes)
                return value(keys[...], &scanner)
            }
        }
    }

    private func value(_ keys: ArraySlice<String>, _ scanner: inout JSONScanner) -> Value? {
        guard let wanted = keys.first else { return plainValue(&scanner) }
        if scanner.peek() == UInt8(ascii: "\"") {
            guard var text = scanner.string().map({ scanner.text($0) }) else { return nil }
            return text.withUTF8 { bytes in
                var inner = JSONScanner(bytes)
                return inner.peek() == UInt8(ascii: "{") ? value(keys, &inner) : nil
            }
        }
        guard scanner.peek() == UInt8(ascii: "{") else {
            _ = scanner.value()
            return nil
        }
        var found: Value?
        let isObject = scanner.object { key, escaped, scanner in
            guard scanner.text((key, escaped)) == wanted else { return scanner.value() != nil }
            let start = scanner.index
            found = value(keys.dropFirst(), &scanner)
            return scanner.index > start
        }
        return isObject ? found : nil
    }

    private func plainValue(_ scanner: inout JSONScanner) -> Value? {
        switch scanner.peek() {
        case UInt8(ascii: "\""):
            return scanner.string().map { .text(scanner.text($0)) }
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "n"):
            _ = scanner.value()
            return nil
        default:
            return scanner.value().map { .literal(scanner.raw($0)) }
        }
    }
}

extension JSONPath: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}
