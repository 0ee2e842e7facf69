import Foundation

/// A `connmix-durable consume` in a process of its own.
final class Child: Sendable {
    private let process: Process
    private let exited: AsyncStream<Int32>

    init(database: String, center: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("connmix-durable")
        process.arguments = [
            "consume", "--echo", "--topic", "chat", "--database", database, "--center", center, "--max-attempts", "100000",
            "--backoff-base", "0.01", "--directory-refresh", "1", "--log-level", "error",
        ]
        process.standardOutput = FileHandle.nullDevice
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            continuation.yield(process.terminationStatus)
            continuation.finish()
        }
        try process.run()
        self.process = process
        exited = stream
    }

    /// The end that leaves a process no time for anything.
    func kill() async {
        Glibc.kill(process.processIdentifier, SIGKILL)
        for await _ in exited {}
    }
}
