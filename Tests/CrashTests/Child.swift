import Foundation
import Synchronization

/// A process of its own, built beside the tests.
final class Child: Sendable {
    private let process: Process
    private let exited: AsyncStream<Int32>

    /// - Parameter environment: added to this process's own.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent(program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            continuation.yield(process.terminationStatus)
            continuation.finish()
        }
        try process.run()
        self.process = process
        exited = stream
    }

    /// `connmix-durable consume --echo`
    static func echo(database: String, center: String) throws -> Child {
        try Child(
            "connmix-durable",
            [
                "consume", "--echo", "--topic", "chat", "--database", database, "--center", center, "--max-attempts", "100000",
                "--backoff-base", "0.01", "--directory-refresh", "1", "--log-level", "error",
            ])
    }

    /// The end that leaves a process no time for anything.
    func kill() async {
        Glibc.kill(process.processIdentifier, SIGKILL)
        await exit()
    }

    /// Asks it to end, and returns when it has.
    func terminate() async {
        process.terminate()
        process.waitUntilExit()
    }

    /// Returns when the process has ended by itself, with its exit code.
    func exitCode() async -> Int32? {
        await exited.first { _ in true }
    }

    /// Returns when the process has ended, by whatever.
    func exit() async {
        for await _ in exited {}
    }
}

/// Starts a process again whenever it dies, a bounded number of times.
final class Supervisor: Sendable {
    private let child = Mutex<Child?>(nil)

    var current: Child? { child.withLock { $0 } }

    func run(_ program: String, _ arguments: [String]) async throws {
        for _ in 0..<20 where !Task.isCancelled {
            let next = try Child(program, arguments)
            child.withLock { $0 = next }
            await next.exit()
        }
    }
}
