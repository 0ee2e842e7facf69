import ArgumentParser
import ConnmixDevEngine
import ConnmixDurable
import Glibc

/// How the program ends. The codes are those of CLI.md, after sysexits.h.
enum Exit: Int32, CaseIterable {
    case done = 0
    /// Nothing matched, or a check failed.
    case failed = 1
    case usage = 64
    case badData = 65
    case noDatabase = 66
    case unreachable = 69
    case bug = 70
    case cannotCreate = 73
    case inputOutput = 74
    case busy = 75
    case noPermission = 77
    case interrupted = 130

    init(_ code: ConnmixError.Code) {
        switch code {
        case .invalidConfiguration: self = .usage
        case .noSuchDatabase: self = .noDatabase
        case .foreignDatabase, .newerDatabase, .olderDatabase, .corrupt, .badData: self = .badData
        case .busy: self = .busy
        case .cannotCreate: self = .cannotCreate
        case .noPermission: self = .noPermission
        case .diskFull, .inputOutput, .fileLost: self = .inputOutput
        case .notFound, .refused, .stopped: self = .failed
        case .unreachable, .timedOut: self = .unreachable
        default: self = .bug
        }
    }

    /// Says what went wrong, in one line, and ends the process.
    static func end(with error: any Error) -> Never {
        switch error {
        case let error as Failure: end(error.exit, error.message)
        case let error as ConnmixError: end(Exit(error.code), words(error))
        case let error as DevEngineError:
            let code: Exit =
                switch error.code {
                case .portInUse: .cannotCreate
                case .invalidConfiguration: .usage
                default: .bug
                }
            end(code, error.message)
        case is BrokenPipe: end(.done, nil)
        case is CancellationError: end(.interrupted, nil)
        default: end(parsing: error)
        }
    }

    /// SQLite says of a damaged file in which statement it noticed, and not which file it is.
    private static func words(_ error: ConnmixError) -> String {
        guard error.code == .corrupt, let file = DatabaseOptions.named else { return error.message }
        let isCheck = CommandLine.arguments.dropFirst().prefix(2) == ["database", "check"]
        let look = isCheck ? "" : "; connmix-durable database check says how"
        return "the file \(file) is damaged\(look) (\(error.message))"
    }

    private static func end(_ code: Exit, _ message: String?) -> Never {
        if let message {
            StandardError.write(line: "connmix-durable: \(message)")
            // `systemctl status` shows it beside the exit code.
            NotifySocket.ours?.send(Notice(status: message).text)
        }
        StandardError.flush()
        exit(code.rawValue)
    }

    /// What ArgumentParser throws: help and version, which are no errors, and usage errors.
    private static func end(parsing error: any Error) -> Never {
        let text = ConnmixDurableCommand.fullMessage(for: error)
        let code = ConnmixDurableCommand.exitCode(for: error)
        if code.isSuccess {
            try? StandardOutput().write(text + "\n")
            exit(done.rawValue)
        }
        guard code == .validationFailure else { end(.bug, "unexpected: \(error); this is a bug, please report it") }
        end(.usage, UsageError(error, arguments: Array(CommandLine.arguments.dropFirst())).text)
    }
}

/// A failure of the command line itself.
struct Failure: Error {
    let exit: Exit
    /// One line for people: what is wrong, with what, and what to do.
    let message: String

    init(_ exit: Exit, _ message: String) {
        self.exit = exit
        self.message = message
    }
}

/// Whoever read our output has left.
struct BrokenPipe: Error {}
