import Glibc

/// Asks a person at a terminal.
enum Question {
    /// Whether there is somebody to ask.
    static var canBeAsked: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// - Returns: whether the answer was yes.
    /// - Throws: `CancellationError` where the question was interrupted or the input ended.
    static func ask(_ text: String) throws -> Bool {
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
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&input, 1, 100) > 0 else { continue }
            var byte: UInt8 = 0
            switch read(STDIN_FILENO, &byte, 1) {
            case 1 where byte == 0x0A: return String(decoding: bytes, as: UTF8.self)
            case 1: if bytes.count < 100 { bytes.append(byte) }
            case 0: throw CancellationError()
            default:
                guard errno == EINTR else { throw CancellationError() }
            }
        }
    }
}
