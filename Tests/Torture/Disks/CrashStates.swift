/// The states in which a power cut can leave the files of a run that was written down: what was synced is there; of what was written
/// since, all, nothing, some, and parts of single writes.
///
/// Names (new files, renames, removals) count as durable at once, as on a file system whose journal keeps their order.
public struct CrashStates: Sendable {
    /// A file as it is on the disk, and what was written to it since it was synced.
    struct Disk: Sendable {
        var durable: [UInt8] = []
        var pending: [TapRecord] = []

        mutating func settle() {
            for record in pending { Disk.apply(record, to: &durable) }
            pending = []
        }

        static func apply(_ record: TapRecord, to bytes: inout [UInt8]) {
            if record.kind == .truncate {
                if record.offset < bytes.count { bytes.removeLast(bytes.count - record.offset) }
                bytes += [UInt8](repeating: 0, count: max(0, record.offset - bytes.count))
            } else {
                let end = record.offset + record.bytes.count
                if end > bytes.count { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
                bytes.replaceSubrange(record.offset..<end, with: record.bytes)
            }
        }
    }

    /// What happens to the writes that were not synced.
    public enum Choice: Sendable, Hashable, CaseIterable {
        /// None has happened.
        case dropped
        /// All have.
        case kept
        /// Each has, or has not.
        case some
        /// All but the last, and of that its first sectors.
        case torn
        /// Each has, or has not, or in part: any of its sectors.
        case tornEverywhere
    }

    private static let sector = 512

    private var files: [String: Disk] = [:]

    public init() {}

    /// Starts with a file that is there and durable.
    public mutating func put(_ path: String, _ bytes: [UInt8]) {
        files[path] = Disk(durable: bytes)
    }

    /// The next call happens.
    public mutating func advance(_ record: TapRecord) {
        switch record.kind {
        case .open: files[record.path] = Disk()
        case .write, .truncate: files[record.path, default: Disk()].pending.append(record)
        case .sync: files[record.path]?.settle()
        case .unlink: files[record.path] = nil
        case .rename: files[record.other] = files.removeValue(forKey: record.path)
        case .link: files[record.other] = files[record.path]
        case .read, .lock: break
        }
    }

    /// How many writes are not synced.
    public var pendingCount: Int { files.values.reduce(0) { $0 + $1.pending.count } }

    /// The files after a cut now.
    public func cut(_ choice: Choice, using random: inout some RandomNumberGenerator) -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for (path, disk) in files.sorted(by: { $0.key < $1.key }) {
            var bytes = disk.durable
            for (place, record) in disk.pending.enumerated() {
                switch choice {
                case .dropped: break
                case .kept: Disk.apply(record, to: &bytes)
                case .some: if Bool.random(using: &random) { Disk.apply(record, to: &bytes) }
                case .torn:
                    let isLast = place == disk.pending.count - 1
                    Self.apply(record, to: &bytes) { sector, count in !isLast || sector < count / 2 }
                case .tornEverywhere:
                    Self.apply(record, to: &bytes) { _, _ in Bool.random(using: &random) }
                }
            }
            result[path] = bytes
        }
        return result
    }

    /// The sectors of a write that are kept.
    private static func apply(_ record: TapRecord, to bytes: inout [UInt8], keeping isKept: (Int, Int) -> Bool) {
        guard record.kind == .write, record.bytes.count > sector else {
            if isKept(0, 2) { Disk.apply(record, to: &bytes) }
            return
        }
        let count = (record.bytes.count + sector - 1) / sector
        for number in 0..<count where isKept(number, count) {
            var part = record
            part.offset += number * sector
            part.bytes = Array(record.bytes[(number * sector)..<min((number + 1) * sector, record.bytes.count)])
            Disk.apply(part, to: &bytes)
        }
    }
}
