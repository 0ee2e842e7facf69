import FoundationEssentials
import Subprocess
import SystemPackage

/// The built program, run as a user runs it.
struct Program {
    struct Outcome: Sendable {
        /// `nil` where a signal ended it.
        var code: Int32?
        var output: String
        var errors: String

        init(_ status: TerminationStatus, _ output: String, _ errors: String) {
            if case .exited(let code) = status { self.code = code }
            (self.output, self.errors) = (output, errors)
        }

        var lines: [String] { output.split(separator: "\n").map(String.init) }
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

        /// The facts of a message in the log, with `--log-format json`, each time it was logged.
        func logged(_ message: String) throws -> [[String: JSON]] {
            try errorLines.map { try JSONDecoder().decode([String: JSON].self, from: Data($0.utf8)) }
                .filter { $0["message"] == .text(message) }
        }

        /// Each line of the output as a JSON object.
        func objects() throws -> [[String: JSON]] {
            try lines.map { try JSONDecoder().decode([String: JSON].self, from: Data($0.utf8)) }
        }
    }

    /// Next to the test bundle.
    static var path: FilePath {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") || $0.contains("PackageTests") }
        let folder = bundle.map { FilePath($0).removingLastComponent() } ?? ".build/debug"
        return folder.appending("connmix-durable")
    }

    static func run(_ arguments: String...) async throws -> Outcome {
        try await run(all: arguments)
    }

    static func run(all arguments: [String], environment: Environment = .inherit) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(path), arguments: Arguments(arguments), environment: environment,
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        return Outcome(result.terminationStatus, result.standardOutput, result.standardError)
    }

    /// Runs the program with an input.
    static func run(all arguments: [String], input: String) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(path), arguments: Arguments(arguments), input: .string(input),
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        return Outcome(result.terminationStatus, result.standardOutput, result.standardError)
    }

    /// Runs the program while `body` runs, then kills it, so that it can do nothing more.
    static func kill(_ arguments: [String], once body: @Sendable () async throws -> Void) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(path), arguments: Arguments(arguments), input: .none,
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20)
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            try await body()
        }
        return Outcome(result.terminationStatus, result.standardOutput, result.standardError)
    }

    /// Runs a program that goes on for ever, hands its lines to `body` as they come, and ends it with SIGINT.
    ///
    /// - Parameter withErrors: those of stderr come, too.
    /// - Returns: its exit code.
    static func run(
        following arguments: [String], withErrors: Bool = false, _ body: (ProgramLines) async throws -> Void
    ) async throws -> Int32? {
        let wrapper = withErrors ? ["bash", "-c", "exec \"$@\" 2>&1", "bash"] : []
        let words = wrapper + [path.string] + arguments
        let result = try await Subprocess.run(
            withErrors ? .name(words[0]) : .path(path), arguments: Arguments(Array(words.dropFirst())), input: .none,
            output: .sequence, error: .discarded
        ) { execution in
            let lines = ProgramLines(execution.standardOutput)
            do {
                try await body(lines)
                try execution.send(signal: .interrupt)
                while try await lines.next() != nil {}
            } catch {
                try? execution.send(signal: .kill)
                throw error
            }
        }
        return if case .exited(let code) = result.terminationStatus { code } else { nil }
    }

    /// Runs the program while `body` runs, then ends it with the signals, and waits for it.
    ///
    /// - Parameter wrapper: a command that becomes the program, such as `nohup`.
    static func run(
        _ arguments: [String], under wrapper: [String] = [], signals: [Signal] = [.terminate],
        during body: @Sendable () async throws -> Void
    ) async throws -> Outcome {
        let words = wrapper + [path.string] + arguments
        let result = try await Subprocess.run(
            wrapper.isEmpty ? .path(path) : .name(words[0]), arguments: Arguments(Array(words.dropFirst())),
            platformOptions: options, input: .none,
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20)
        ) { execution in
            try await guarding(execution) {
                try await body()
                for (index, signal) in signals.enumerated() {
                    // What comes at once after the first is an echo of it, as of timeout(1).
                    if index > 0 { try await Task.sleep(for: .milliseconds(100)) }
                    try execution.send(signal: signal)
                }
            }
        }
        return Outcome(result.terminationStatus, result.standardOutput, result.standardError)
    }

    /// Runs the program while `body` runs, which ends it with the SIGTERMs that it sends; then waits for it.
    static func run(
        _ arguments: [String], terminating body: @Sendable (_ terminate: () throws -> Void) async throws -> Void
    ) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(path), arguments: Arguments(arguments), platformOptions: options, input: .none,
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20)
        ) { execution in
            try await guarding(execution) {
                try await body { try execution.send(signal: .terminate) }
            }
        }
        return Outcome(result.terminationStatus, result.standardOutput, result.standardError)
    }

    /// The same, with stderr in a file that `body` can look at.
    static func run(_ arguments: [String], errors: String, during body: @Sendable () async throws -> Void) async throws -> Outcome
    {
        let log = try FileDescriptor.open(
            FilePath(errors), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        let result = try await Subprocess.run(
            .path(path), arguments: Arguments(arguments), platformOptions: options, input: .none,
            output: .string(limit: 16 << 20), error: .fileDescriptor(log, closeAfterSpawningProcess: true)
        ) { execution in
            try await guarding(execution) {
                try await body()
                try execution.send(signal: .terminate)
            }
        }
        return Outcome(result.terminationStatus, result.standardOutput, "")
    }

    /// A wrapper: with so many file descriptors at most.
    static func descriptors(_ limit: String) -> [String] { ["bash", "-c", "ulimit \(limit); exec \"$@\"", "bash"] }

    private static var options: PlatformOptions {
        var options = PlatformOptions()
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(5))]
        return options
    }

    /// Leaves no process behind where `body` fails.
    private static func guarding<Input, Output, Errors>(
        _ execution: Execution<Input, Output, Errors>, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch {
            try? execution.send(signal: .kill)
            throw error
        }
    }
}

/// What a running program writes, line by line.
final class ProgramLines {
    private var pieces: SubprocessOutputSequence.Iterator
    private var rest: [UInt8] = []

    init(_ output: SubprocessOutputSequence) {
        pieces = output.makeAsyncIterator()
    }

    func next() async throws -> String? {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            guard let piece = try await pieces.next() else { return nil }
            piece.withUnsafeBytes { rest += $0 }
        }
    }
}

/// Any JSON value.
enum JSON: Decodable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    var object: [String: JSON]? { if case .object(let object) = self { object } else { nil } }
    var array: [JSON]? { if case .array(let array) = self { array } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
}
