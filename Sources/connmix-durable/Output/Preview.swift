import ConnmixDurable

/// A payload in one line for people. Escaped and cut by whoever shows it.
enum Preview {
    private static let limit = 600

    /// The end user's text, where the data is a frame; else the data.
    static func text(_ data: [UInt8]?) -> String {
        guard let data else { return "" }
        if let text = endUserText(data) { return text }
        let isJSON = data.withUnsafeBufferPointer { JSONScanner.isValue($0) }
        if isJSON { return String(decoding: data.prefix(limit), as: UTF8.self) }
        return bytes(data)
    }

    static func text(_ command: OutboxRecord) -> String {
        guard let data = command.data else { return "" }
        switch command.type {
        case .text, .json: return String(decoding: data.prefix(limit), as: UTF8.self)
        case .binary: return bytes(data)
        }
    }

    /// What stands in `frame.data` as a text.
    static func endUserText(_ data: [UInt8]) -> String? {
        func member(_ name: String, of json: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
            json.withUnsafeBufferPointer { bytes in
                var scanner = JSONScanner(bytes)
                var found: ArraySlice<UInt8>?
                let isObject = scanner.object { key, escaped, scanner in
                    let isWanted = scanner.text((key, escaped)) == name
                    guard let place = scanner.value() else { return false }
                    if isWanted { found = json[(json.startIndex + place.lowerBound)..<(json.startIndex + place.upperBound)] }
                    return true
                }
                return isObject ? found : nil
            }
        }
        guard let frame = member("frame", of: data[...]), let text = member("data", of: frame) else { return nil }
        return text.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            return scanner.string().map { scanner.text($0).boundedForPeople(limit) }
        }
    }

    /// Nothing that is no text is shown as text.
    private static func bytes(_ data: [UInt8]) -> String {
        let digits = data.prefix(32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return "\(data.count) bytes: \(digits)\(data.count > 32 ? "…" : "")"
    }
}
