internal import FoundationEssentials

/// One call that a ``DiskTap`` wrote down.
public struct TapRecord: Sendable, Hashable {
    public var kind: DiskTap.Kind
    public var process: Int32
    public var path: String
    /// The new name, of a rename or a link.
    public var other = ""
    /// Of a write its place, of a truncation the size, of a lock its byte.
    public var offset = 0
    /// Of a lock: 0 shared, 1 exclusive, 2 none any more.
    public var type = 0
    public var bytes: [UInt8] = []
    /// Where it ends in what was written down.
    public var end = 0

    public init(
        _ kind: DiskTap.Kind, process: Int32, path: String, other: String = "", offset: Int = 0, type: Int = 0,
        bytes: [UInt8] = []
    ) {
        (self.kind, self.process, self.path, self.other) = (kind, process, path, other)
        (self.offset, self.type, self.bytes) = (offset, type, bytes)
    }

    public struct Malformed: Error {}

    /// All of a file, in order.
    public static func read(_ file: String) throws -> [TapRecord] {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        var records: [TapRecord] = []
        var place = 0
        while place < data.count {
            guard let end = data[place...].firstIndex(of: 0x0A) else { throw Malformed() }
            let words = String(decoding: data[place..<end], as: UTF8.self).split(separator: " ", maxSplits: 5)
            guard words.count == 6, let kind = Int(words[0]).flatMap(DiskTap.Kind.init(rawValue:)), let process = Int32(words[1]),
                let offset = Int(words[2]), let type = Int(words[3]), let size = Int(words[4]), end + 1 + size <= data.count
            else { throw Malformed() }
            let names = words[5].split(separator: "\t", omittingEmptySubsequences: false)
            var record = TapRecord(
                kind, process: process, path: String(names[0]), other: names.count > 1 ? String(names[1]) : "",
                offset: offset,
                type: type, bytes: Array(data[(end + 1)..<(end + 1 + size)]))
            place = end + 1 + size
            record.end = place
            records.append(record)
        }
        return records
    }
}
