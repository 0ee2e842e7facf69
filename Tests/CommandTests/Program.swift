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

        fileprivate init(_ status: TerminationStatus, _ output: String, _ errors: String) {
            if case .exited(let code) = status { self.code = code }
            (self.output, self.errors) = (output, errors)
        }

        var lines: [String] { output.split(separator: "\n").map(String.init) }
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

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

    static func run(all arguments: [String]) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(path), arguments: Arguments(arguments),
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        return Outcome(result.terminationStatus, result.standardOutput, result.standardError)
    }

    /// Runs the program while `body` runs, then ends it with the signals, and waits for it.
    static func run(
        _ arguments: [String], signals: [Signal] = [.terminate], during body: @Sendable () async throws -> Void
    ) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(path), arguments: Arguments(arguments), platformOptions: options, input: .none,
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20)
        ) { execution in
            try await guarding(execution) {
                try await body()
                for signal in signals { try execution.send(signal: signal) }
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
}
