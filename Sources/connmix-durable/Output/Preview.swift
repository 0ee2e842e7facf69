import ConnmixDurable

/// A payload in one line for people. Escaped and cut by whoever shows it.
enum Preview {
    private static let limit = 600

    static func text(_ data: [UInt8]?) -> String {
        guard let data else { return "" }
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

    /// Nothing that is no text is shown as text.
    private static func bytes(_ data: [UInt8]) -> String {
        let digits = data.prefix(32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return "\(data.count) bytes: \(digits)\(data.count > 32 ? "…" : "")"
    }
}
