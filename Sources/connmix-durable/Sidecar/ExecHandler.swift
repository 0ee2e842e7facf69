import ConnmixDurable
import Logging
import NIOCore
import NIOPosix
import Subprocess
import Synchronization

/// `--exec`: a process a message.
struct ExecHandler: Sendable {
    private enum End: Sendable {
        case exited(TerminationStatus)
        case timedOut
    }

    /// What a process did.
    private struct Run: Sendable {
        var status: TerminationStatus
        var written: Written
    }

    private struct Written: Sendable {
        var output: [UInt8] = []
        var errors = ByteTail()
    }

    /// What a process has written so far: where it is ended for its time, that is all it leaves.
    private final class Writings: Sendable {
        private let written = Mutex(Written())

        var soFar: Written { written.withLock { $0 } }

        /// - Throws: `OutputTooLong`.
        func take(output more: UnsafeRawBufferPointer) throws {
            let count = written.withLock { written in
                written.output += more
                return written.output.count
            }
            guard count <= LineSplitter.limit else { throw OutputTooLong() }
        }

        func take(errors more: UnsafeRawBufferPointer) {
            written.withLock { $0.errors.append(more) }
        }
    }

    private struct OutputTooLong: Error {}

    private let program: SidecarProgram
    private let timeout: Duration?
    private let anyMethod: Bool
    private let gate: LaunchGate
    private let logger: Logger
    /// One thread for all of it: see `UnwatchedProcess`.
    private let executor: EventLoopExecutor

    /// Runs `body` with a handler.
    ///
    /// - Parameter anyMethod: whether commands may have names that connmix is not known to have.
    static func with(
        _ program: SidecarProgram, timeout: Duration?, anyMethod: Bool = false, gate: LaunchGate, logger: Logger,
        body: (ExecHandler) async throws -> Void
    ) async throws {
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let handler = ExecHandler(
            program: program, timeout: timeout, anyMethod: anyMethod, gate: gate, logger: logger,
            executor: EventLoopExecutor(threads.next()))
        let result: Result<Void, any Error>
        do { result = .success(try await body(handler)) } catch { result = .failure(error) }
        try await threads.shutdownGracefully()
        try result.get()
    }

    private init(
        program: SidecarProgram, timeout: Duration?, anyMethod: Bool, gate: LaunchGate, logger: Logger,
        executor: EventLoopExecutor
    ) {
        self.program = program
        self.timeout = timeout
        self.anyMethod = anyMethod
        self.gate = gate
        self.logger = logger
        self.executor = executor
    }

    func handle(_ message: Message, _ context: HandlerContext) async throws {
        let run = try await runOnceStarted(message, context)
        if Task.isCancelled, run.status != .exited(0) { throw CancellationError() }
        switch run.status {
        case .exited(0):
            let commands = try commands(run.written)
            let complaint = run.written.errors.text
            if !complaint.isEmpty {
                logger.info("handler's stderr", metadata: ["entry": "\(message.id)", "text": "\(complaint)"])
            }
            for command in commands { try context.stage(command) }
        case .exited(65): throw HandlerError.permanent(words(of: run, "says the message can never be handled (exit 65)"))
        case .exited(75): throw SidecarError(words(of: run, "asks for another attempt (exit 75)"))
        case .exited(let code): throw SidecarError(words(of: run, "ended with exit code \(code)"))
        case .signaled(let signal): throw SidecarError(words(of: run, "was ended by signal \(signal)"))
        }
    }

    private func words(of run: Run, _ what: String) -> String { words("\(program.name) \(what)", run.written) }

    /// What was printed beside requests is often the only word of what went wrong.
    private func words(_ what: String, _ written: Written) -> String {
        words(PrintedText(firstBad(written.output)?.rest ?? []).added(to: what), stderr: written)
    }

    private func words(_ what: String, stderr written: Written) -> String {
        let tail = written.errors.text
        return tail.isEmpty ? what : "\(what): \(tail)"
    }

    private func commands(_ written: Written) throws -> [Command] {
        var commands: [Command] = []
        if let bad = firstBad(written.output, { commands.append($0) }) {
            let what = "line \(bad.line) of \(program.name)'s output is no valid request: \(bad.error.message)"
            throw SidecarError(words(PrintedText(bad.rest).added(to: what), stderr: written))
        }
        return commands
    }

    /// The first line that is no request, and all that follows it.
    private func firstBad(
        _ output: [UInt8], _ take: (Command) -> Void = { _ in }
    ) -> (line: Int, error: ConnmixError, rest: ArraySlice<UInt8>)? {
        for (index, line) in output.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { continue }
            do {
                take(try Command(wire: Array(line), anyMethod: anyMethod))
            } catch {
                return (index + 1, error, output[line.startIndex...])
            }
        }
        return nil
    }

    /// Waits with its message where the program cannot be started: that is no attempt.
    private func runOnceStarted(_ message: Message, _ context: HandlerContext) async throws -> Run {
        while true {
            let turn = try await gate.enter()
            defer { turn.finish() }
            do {
                return try await runInTime(message, turn) { number in
                    turn.started(number)
                    gate.proved()
                    context.begin()
                }
            } catch let failure as StartFailure {
                turn.failed(failure.reason)
                try gate.retries(after: failure.reason)
            }
        }
    }

    private func runInTime(
        _ message: Message, _ turn: LaunchTurn, started: @escaping @Sendable (Int32) -> Void
    ) async throws -> Run {
        // What the process left behind in its group goes with it.
        defer { SidecarProgram.sweep(turn.number) }
        let writings = Writings()
        return try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask(executorPreference: executor) {
                .exited(try await run(message, turn, writings, started: started))
            }
            if let timeout {
                group.addTask {
                    try await Task.sleep(for: timeout)
                    return .timedOut
                }
            }
            let end = try await group.next()
            group.cancelAll()
            switch end {
            case .exited(let status)?: return Run(status: status, written: writings.soFar)
            case .timedOut?, nil:
                // Cancelling ends the process and waits for it.
                _ = try? await group.next()
                let limit = timeout ?? .zero
                guard turn.number != nil else { throw StartFailure(reason: "it did not start within \(limit.text)") }
                let error = HandlerError.timedOut(after: limit)
                throw DetailedHandlerError(error, words("\(error)", writings.soFar))
            }
        }
    }

    private func run(
        _ message: Message, _ turn: LaunchTurn, _ writings: Writings, started: @Sendable (Int32) -> Void
    ) async throws -> TerminationStatus {
        let line = MessageLine.bytes(message)
        do {
            let result = try await Subprocess.run(
                program.executable, arguments: program.arguments, environment: HandlerEnvironment.of(message),
                platformOptions: SidecarProgram.options(patience: .zero), input: .inputWriter, output: .sequence,
                error: .sequence
            ) { execution in
                guard !UnwatchedProcess.end(execution.processIdentifier) else {
                    throw StartFailure(reason: DescriptorLimit.shortage)
                }
                started(execution.processIdentifier.value)
                // A process that does not read its input is no error: it may know enough from its environment.
                async let written: Void = {
                    _ = try? await execution.standardInputWriter.write(line)
                    try? await execution.standardInputWriter.finish()
                }()
                async let complained: Void = Self.listen(to: execution.standardError, writings)
                for try await buffer in execution.standardOutput {
                    try buffer.withUnsafeBytes { try writings.take(output: $0) }
                }
                await written
                await complained
            }
            return result.terminationStatus
        } catch is OutputTooLong {
            throw SidecarError("\(program.name) wrote more than \(LineSplitter.limit >> 20) MiB and was ended")
        } catch let error as SubprocessError {
            guard turn.number != nil || Task.isCancelled || HandlerEnvironment.isTooLong(message) else {
                throw StartFailure(error, of: program.path)
            }
            throw SidecarError("\(program.name) could not be run: \(error)")
        }
    }

    private static func listen(to output: SubprocessOutputSequence, _ writings: Writings) async {
        do {
            for try await buffer in output { buffer.withUnsafeBytes { writings.take(errors: $0) } }
        } catch {
            // What was read before says more than that no more could be read.
        }
    }
}
