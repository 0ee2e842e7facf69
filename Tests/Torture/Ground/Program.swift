internal import Foundation
internal import Synchronization

/// A program that was built beside this one, in a process of its own.
public final class Program: Sendable {
    private let process: Process
    private let ended: AsyncStream<Void>
    public let name: String

    /// - Parameters:
    ///   - environment: added to this process's own.
    ///   - output: a file that takes what it prints, and what it says on stderr; it grows. Nil throws both away.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], output: String? = nil
    ) throws {
        let process = Process()
        process.executableURL =
            program.hasPrefix("/") ? URL(fileURLWithPath: program) : Self.folder.appendingPathComponent(program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let file = try output.map { try Self.appending($0) } ?? FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        if output != nil { try file.close() }
        self.process = process
        ended = stream
        name = program
    }

    /// Where this program, or the bundle of tests, lies.
    private static var folder: URL {
        let bundle = CommandLine.arguments.first { $0.contains("PackageTests") } ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent()
    }

    private static func appending(_ path: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: path) {
            try Data().write(to: URL(fileURLWithPath: path))
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
        return file
    }

    public var pid: Int32 { process.processIdentifier }

    public var isRunning: Bool { process.isRunning }

    /// The end that leaves a process no time for anything.
    public func kill() async {
        Foundation.kill(pid, SIGKILL)
        _ = await end()
    }

    /// Asks it to end.
    public func interrupt() {
        process.interrupt()
    }

    /// Asks it to end, and returns when it has.
    public func terminate() async -> Ending {
        process.terminate()
        return await end()
    }

    /// Returns when it has ended, by whatever.
    public func end() async -> Ending {
        for await _ in ended {}
        process.waitUntilExit()
        return process.terminationReason == .exit ? .exited(process.terminationStatus) : .signalled(process.terminationStatus)
    }

    /// Returns when it has ended; it is killed where it has not within that time.
    public func end(orKillAfter limit: Duration) async -> Ending {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await Task.sleep(for: limit)
                    Foundation.kill(self.pid, SIGKILL)
                } catch {}
            }
            let ending = await end()
            group.cancelAll()
            return ending
        }
    }

    public enum Ending: Sendable, Hashable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// Runs it to its end.
    public static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], output: String? = nil
    ) async throws -> Ending {
        try await Program(program, arguments, environment: environment, output: output).end()
    }
}
