import Dispatch
import SystemPackage

/// The lines of stdin, for a task that may be cancelled while it waits for one.
final class InputLines {
    private static let limit = 16 << 20

    private let queue = DispatchQueue(label: "connmix-durable.input")
    private var buffer: [UInt8] = []
    private var searched = 0
    private var isAtEnd = false
    /// Of the line that was read last, counted from 1.
    private(set) var number = 0

    /// The next line, without its end; `nil` behind the last.
    ///
    /// - Throws: `Failure` with exit code 65 for what is no text.
    func next() async throws -> String? {
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let line = buffer[..<end]
                buffer.removeFirst(end + 1)
                searched = 0
                return try text(line.last == 0x0D ? line.dropLast() : line)
            }
            searched = buffer.count
            guard buffer.count <= Self.limit else {
                throw Failure(.badData, "line \(number + 1) of stdin has more than \(Self.limit >> 20) MiB")
            }
            if isAtEnd {
                guard !buffer.isEmpty else { return nil }
                defer { (buffer, searched) = ([], 0) }
                return try text(buffer[...])
            }
            let piece = try await piece()
            isAtEnd = piece.isEmpty
            buffer += piece
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws -> String {
        number += 1
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.badData, "line \(number) of stdin is no UTF-8")
        }
        return text
    }

    private func piece() async throws -> [UInt8] {
        while true {
            try Task.checkCancellation()
            let piece = try await withCheckedThrowingContinuation { (result: CheckedContinuation<[UInt8]?, any Error>) in
                queue.async {
                    result.resume(
                        with: Result {
                            guard FileDescriptor.standardInput.isReadable(within: .milliseconds(100)) else { return nil }
                            return try InputFile.piece(of: .standardInput, "stdin", size: 65_536)
                        })
                }
            }
            if let piece { return piece }
        }
    }
}
