import Glibc

/// The lines of a file, one after the other, however long the file is.
struct LineReader: ~Copyable {
    /// A payload of the greatest length, in base64, and what belongs to it.
    private static let limit = 96 << 20

    private let file: Int32
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
        close(file)
    }

    /// The next line that is not blank, without its end; `nil` behind the last.
    mutating func next() throws -> [UInt8]? {
        while let line = try line() {
            if line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) { return line }
        }
        return nil
    }

    private mutating func line() throws -> [UInt8]? {
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

    private mutating func fill() throws {
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(file, &piece, piece.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(.inputOutput, "cannot read \(name): \(String(cString: strerror(errno)))")
            }
            isAtEnd = count == 0
            buffer += piece[..<count]
            return
        }
    }
}
