import Subprocess
import SystemPackage
import UnixSignals

/// Lets a person change a payload in the editor of their choice. No shell is involved.
enum Editor {
    /// - Returns: the bytes as they were saved, without line ends behind them.
    /// - Throws: `Failure` where there is no editor, it failed, or nothing was changed; `CancellationError` where a signal has come.
    static func edited(_ bytes: [UInt8]) async throws -> [UInt8] {
        let words = (DatabaseOptions.environment("EDITOR") ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
        guard let program = words.first else {
            throw Failure(.usage, "$EDITOR names no editor; set it, or give the payload with --payload FILE")
        }
        guard let path = SidecarProgram.find(program) else {
            throw Failure(.usage, "$EDITOR names \(program), which cannot be run; set it to another")
        }
        let file = try TemporaryFile(bytes)
        defer { file.remove() }
        try await run(path, words + [file.path])
        var result = try InputFile.read(file.path, limit: InputFile.payloadLimit)
        while result.last == 0x0A || result.last == 0x0D { result.removeLast() }
        guard result != bytes else { throw Failure(.failed, "the payload was not changed; nothing was replayed") }
        return result
    }

    private static func run(_ path: String, _ words: [String]) async throws {
        let arguments = Arguments(executablePathOverride: words[0], remainingValues: Array(words.dropFirst()))
        let status: TerminationStatus
        do {
            // Ctrl-C at the terminal is the editor's.
            status = try await Interruption.unlessCome(leaving: .sigint) {
                try await Subprocess.run(
                    .path(FilePath(path)), arguments: arguments, environment: HandlerEnvironment.withoutSecrets,
                    platformOptions: options, input: .currentStandardInput, output: .currentStandardOutput,
                    error: .currentStandardError
                ).terminationStatus
            }
        } catch let error as SubprocessError {
            throw Failure(.inputOutput, "cannot run \(words[0]): \(StartFailure(error, of: path).reason)")
        }
        guard status == .exited(0) else { throw Failure(.failed, "\(words[0]) did not end well; nothing was replayed") }
    }

    /// An editor that must end gives the terminal back.
    private static var options: PlatformOptions {
        var options = PlatformOptions()
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(2))]
        return options
    }
}
