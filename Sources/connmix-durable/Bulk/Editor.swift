import Glibc

/// Lets a person change a payload in the editor of their choice. No shell is involved.
enum Editor {
    /// - Returns: the bytes as they were saved, without line ends behind them.
    /// - Throws: `Failure` where there is no editor, it failed, or nothing was changed.
    static func edited(_ bytes: [UInt8]) throws -> [UInt8] {
        let words = (DatabaseOptions.environment("EDITOR") ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
        guard let program = words.first else {
            throw Failure(.usage, "$EDITOR names no editor; set it, or give the payload with --payload FILE")
        }
        guard let path = SidecarProgram.find(program) else {
            throw Failure(.usage, "$EDITOR names \(program), which cannot be run; set it to another")
        }
        let file = try TemporaryFile(bytes)
        try run(path, words + [file.path])
        var result = try InputFile.read(file.path, limit: InputFile.payloadLimit)
        while result.last == 0x0A || result.last == 0x0D { result.removeLast() }
        guard result != bytes else { throw Failure(.failed, "the payload was not changed; nothing was replayed") }
        return result
    }

    private static func run(_ path: String, _ words: [String]) throws {
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        // Ctrl-C at the terminal is the editor's.
        let interrupt = signal(SIGINT, SIG_IGN)
        defer { signal(SIGINT, interrupt) }
        var environment = HandlerEnvironment.block()
        defer { for variable in environment { free(variable) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGPIPE, SIGTERM, SIGHUP] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var process: pid_t = 0
        let result = posix_spawn(&process, path, nil, &attributes, &arguments, &environment)
        guard result == 0 else {
            throw Failure(.inputOutput, "cannot run \(path): \(String(cString: strerror(result)))")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            throw Failure(.failed, "\(words[0]) did not end well; nothing was replayed")
        }
    }
}

/// A file for the user only, removed with the last reference to it.
final class TemporaryFile {
    let path: String

    init(_ bytes: [UInt8]) throws {
        let folder = DatabaseOptions.environment("TMPDIR") ?? "/tmp"
        var template = Array("\(folder)/connmix-durable-XXXXXX.json".utf8CString)
        // mkstemps creates it with mode 0600.
        let file = mkstemps(&template, 5)
        guard file >= 0 else {
            throw Failure(
                .cannotCreate,
                "cannot create a file in \(folder): \(String(cString: strerror(errno))); set TMPDIR to another folder")
        }
        defer { close(file) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else {
                unlink(path)
                throw Failure(.inputOutput, "cannot write \(path): \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(max(0, count))
        }
    }

    deinit {
        unlink(path)
    }
}
