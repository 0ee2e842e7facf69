import Glibc
import SystemPackage

/// Asks a person at a terminal.
enum Question {
    /// Whether there is somebody to ask.
    private static var canBeAsked: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Returns where a person wants what is to be done.
    ///
    /// - Parameters:
    ///   - work: what would be done, for whoever cannot be asked.
    ///   - isGiven: whether they have said so with the command.
    ///   - canLook: whether the command has --dry-run.
    /// - Throws: `Failure` where they do not want it or nobody can be asked; `CancellationError`.
    static func consent(
        to question: @autoclosure () -> String, toDo work: String, isGiven: Bool, canLook: Bool = true
    ) throws {
        guard !isGiven else { return }
        try check(toDo: work, isGiven: isGiven, canLook: canLook)
        guard try ask(question()) else { throw Failure(.failed, "nothing was changed") }
    }

    /// For work whose question comes at the end of something long.
    ///
    /// - Throws: `Failure` where nobody has consented or can be asked.
    static func check(toDo work: String, isGiven: Bool, canLook: Bool = true) throws {
        guard isGiven || canBeAsked else {
            let look = canLook ? ", or look with --dry-run" : ""
            throw Failure(.usage, "\(work), and nobody can be asked; say --yes\(look)")
        }
    }

    /// - Returns: whether the answer was yes.
    /// - Throws: `CancellationError` where the question was interrupted or the input ended.
    private static func ask(_ text: String) throws -> Bool {
        Interruption.watch()
        StandardError.write("\(text.escapedForTerminal) [y/N] ")
        do {
            let answer = try line().lowercased()
            return answer == "y" || answer == "yes"
        } catch {
            StandardError.write("\n")
            throw error
        }
    }

    private static func line() throws -> String {
        var bytes: [UInt8] = []
        while true {
            try Interruption.check()
            guard FileDescriptor.standardInput.isReadable(within: .milliseconds(100)) else { continue }
            guard let byte = try? FileDescriptor.standardInput.readByte() else { throw CancellationError() }
            if byte == 0x0A { return String(decoding: bytes, as: UTF8.self) }
            if bytes.count < 100 { bytes.append(byte) }
        }
    }
}

extension FileDescriptor {
    /// The next byte; `nil` at the end.
    func readByte() throws -> UInt8? {
        var byte: UInt8 = 0
        return try withUnsafeMutableBytes(of: &byte) { try read(into: $0) } == 1 ? byte : nil
    }
}
