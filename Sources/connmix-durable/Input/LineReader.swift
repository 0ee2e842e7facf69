import SystemPackage

/// The lines of a file, one after the other, however long the file is.
final class LineReader {
    /// A payload of the greatest length, in base64, and what belongs to it.
    private static let limit = 96 << 20

    private let file: FileDescriptor
    private let name: String
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    /// The number of the line that was read last, counted from 1.
    private(set) var number: Int64 = 0

    init(path: String) throws {
        file = try InputFile.open(path)
        name = path
    }

    deinit {
        try? file.close()
    }

    /// The next line that is not blank, without its end; `nil` behind the last.
    func next() throws -> [UInt8]? {
        while let line = try line() {
            if line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) { return line }
        }
        return nil
    }

    private func line() throws -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { start = end + 1 }
                number += 1
                return Array(buffer[start..<end])
            }
            searched = buffer.count
            guard !isAtEnd else {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                number += 1
                return Array(buffer[start...])
            }
            guard buffer.count - start <= Self.limit else {
                throw Failure(.badData, "line \(number + 1) of \(name) has more than \(Self.limit >> 20) MiB; give less")
            }
            searched -= start
            buffer.removeFirst(start)
            start = 0
            try fill()
        }
    }

    private func fill() throws {
        let piece = try InputFile.piece(of: file, name, size: 1 << 18)
        isAtEnd = piece.isEmpty
        buffer += piece
    }
}
