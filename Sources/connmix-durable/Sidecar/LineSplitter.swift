/// Makes lines of what comes in pieces.
struct LineSplitter {
    struct TooLong: Error {
        let line: [UInt8]
    }

    /// What a process may write for one message.
    static let limit = 16 << 20

    /// What has no end yet.
    private(set) var rest: [UInt8] = []

    /// - Returns: the lines that are complete now, without their ends.
    mutating func append(_ bytes: [UInt8]) throws(TooLong) -> [[UInt8]] {
        guard let end = bytes.firstIndex(of: 0x0A) else {
            rest += bytes
            guard rest.count <= Self.limit else { throw TooLong(line: rest) }
            return []
        }
        // One whole line is what nearly always comes.
        if rest.isEmpty, end == bytes.count - 1 { return [Array(bytes.dropLast())] }
        var parts = (rest + bytes).split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        rest = parts.removeLast()
        if let line = parts.first(where: { $0.count > Self.limit }) { throw TooLong(line: line) }
        return parts
    }
}
