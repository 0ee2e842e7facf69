import Glibc
import Subprocess
import SystemPackage

/// The program of `--exec` or `--worker`. No shell is involved.
struct SidecarProgram: Sendable {
    let name: String
    let path: String
    let executable: Executable
    let arguments: Arguments

    /// - Throws: `Failure` where there is no such program: better now than at the first message.
    init(_ words: [String]) throws {
        guard let name = words.first else { throw Failure(.usage, "no program is named") }
        guard let path = Self.find(name) else {
            throw Failure(.usage, "there is no program \(name) that can be run; name one in $PATH, or by its path")
        }
        self.name = name
        self.path = path
        executable = .path(FilePath(path))
        arguments = Arguments(Array(words.dropFirst()))
    }

    static func find(_ name: String) -> String? {
        if name.contains("/") { return isProgram(name) ? name : nil }
        let folders = DatabaseOptions.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        return folders.split(separator: ":").map { "\($0)/\(name)" }.first(where: isProgram)
    }

    private static func isProgram(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// A process group of its own: a Ctrl-C at the terminal is ours to pass on, and the whole tree can be ended.
    ///
    /// - Parameter patience: how long the process may take after its stdin was closed, before SIGTERM.
    static func options(patience: Duration) -> PlatformOptions {
        var options = PlatformOptions()
        options.processGroupID = 0
        // Signal 0 reaches nobody; it only is a pause.
        options.teardownSequence =
            (patience > .zero ? [.send(signal: Signal(rawValue: 0), allowedDurationToNextStep: patience)] : [])
            + [.send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(2))]
        return options
    }

    /// Asks a process and its group to end, before they are made to.
    static func terminate(_ processIdentifier: Int32?) {
        guard let processIdentifier, processIdentifier > 1 else { return }
        _ = kill(-processIdentifier, SIGTERM)
    }

    /// Ends what a process left behind in its group.
    static func sweep(_ processIdentifier: Int32?) {
        guard let processIdentifier, processIdentifier > 1 else { return }
        _ = kill(-processIdentifier, SIGKILL)
    }
}

/// A handler's failure in words. The attempt failed; the retry policy says what next.
struct SidecarError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
