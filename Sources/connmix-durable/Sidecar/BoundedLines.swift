/// Makes lines of what comes in pieces; of a long line only the beginning is kept.
struct BoundedLines {
    static let limit = 4_096

    private var rest: [UInt8] = []

    /// - Returns: the lines that are complete now, without their ends, and without those that are empty.
    mutating func append(_ bytes: ArraySlice<UInt8>) -> [String] {
        var lines: [String] = []
        for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            keep(part)
            if !rest.isEmpty { lines.append(String(decoding: rest, as: UTF8.self)) }
            rest.removeAll(keepingCapacity: true)
        }
        keep(bytes[(bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? bytes.startIndex)...])
        return lines
    }

    private mutating func keep(_ part: ArraySlice<UInt8>) {
        rest += part.prefix(Self.limit - rest.count)
    }
}
