import ConnmixDurable
import Logging
import Subprocess
import Synchronization

/// One process of the pool, from its start to its end.
final class WorkerProcess: Sendable {
    struct End {
        let answers: Int
        let reason: String
    }

    private struct State {
        var session = WorkerSession()
        var job: WorkerJob?
        /// The feeder, while a message is out.
        var feeder: CheckedContinuation<Void, Never>?
        var errorTail = ByteTail()
        var pid: Int32?
        var reason: String?
    }

    private enum Part {
        case fed
        case read
        case stderr
    }

    private let program: SidecarProgram
    private let queue: JobQueue
    private let timeout: Duration?
    private let logger: Logger
    private let state = Mutex(State())

    init(_ program: SidecarProgram, queue: JobQueue, timeout: Duration?, logger: Logger) {
        self.program = program
        self.queue = queue
        self.timeout = timeout
        self.logger = logger
    }

    /// Runs the process until it ends, breaks the protocol, takes too long, or the calling task is cancelled. The message that
    /// it held has failed then.
    func run() async -> End {
        var reason: String
        do {
            let result = try await Subprocess.run(
                program.executable, arguments: program.arguments,
                platformOptions: SidecarProgram.options(patience: .seconds(1)), input: .inputWriter,
                output: .sequence, error: .sequence
            ) { execution in
                state.withLock { $0.pid = execution.processIdentifier.value }
                await converse(execution)
            }
            switch result.terminationStatus {
            case .exited(let code): reason = "\(program.name) ended with exit code \(code)"
            case .signaled(let signal): reason = "\(program.name) was ended by signal \(signal)"
            }
        } catch {
            reason = "\(program.name) could not be run: \(error)"
        }
        let (pid, job, tail, known, answers) = state.withLock { state in
            (state.pid, state.job, state.errorTail.text, state.reason, state.session.answers)
        }
        SidecarProgram.sweep(pid)
        if let known { reason = "\(program.name) was ended: \(known)" }
        if !tail.isEmpty { reason += ": \(tail)" }
        job?.finish(.failure(Task.isCancelled ? CancellationError() : SidecarError(reason)))
        return End(answers: answers, reason: reason)
    }

    private typealias Running = Execution<CustomWriteInput, SequenceOutput, SequenceOutput>

    private func converse(_ execution: Running) async {
        await withTaskGroup(of: Part.self) { group in
            group.addTask {
                await self.feed(execution)
                return .fed
            }
            group.addTask {
                await self.read(execution)
                return .read
            }
            group.addTask {
                await self.readErrors(execution)
                return .stderr
            }
            while let part = await group.next(), part == .stderr {}
            group.cancelAll()
            release()
        }
        try? await execution.standardInputWriter.finish()
        // One that broke the protocol goes at once, another has a second after its stdin closed. Gone already: nobody is found.
        let isBroken = state.withLock { $0.reason != nil }
        await execution.teardown(
            using: SidecarProgram.options(patience: isBroken ? .zero : .seconds(1)).teardownSequence)
    }

    // MARK: In

    private func feed(_ execution: Running) async {
        while let job = await queue.next() {
            guard !Task.isCancelled else { return queue.putBack(job) }
            state.withLock { state in
                state.job = job
                state.session.begin(job.id)
            }
            let written = try? await execution.standardInputWriter.write(job.line)
            guard written == job.line.count else { return await stopFeeding() }
            guard await isAnsweredInTime() else {
                return state.withLock { $0.reason = "it gave no answer within \(timeout ?? .zero)" }
            }
            guard state.withLock({ $0.job == nil }) else { return }
        }
    }

    /// The process does not read any more; what it still wrote is read first.
    private func stopFeeding() async {
        await waitForAnswer()
    }

    private func isAnsweredInTime() async -> Bool {
        guard let timeout else {
            await waitForAnswer()
            return true
        }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.waitForAnswer()
                return true
            }
            group.addTask {
                do {
                    try await Task.sleep(for: timeout)
                    return false
                } catch {
                    return true
                }
            }
            let first = await group.next() ?? true
            group.cancelAll()
            release()
            return first
        }
    }

    /// Returns when the message is answered, or will not be any more.
    private func waitForAnswer() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                let isOver = state.job == nil || state.reason != nil || Task.isCancelled
                if !isOver { state.feeder = continuation }
                return isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Lets the feeder go.
    private func release() {
        let feeder = state.withLock { state in
            defer { state.feeder = nil }
            return state.feeder
        }
        feeder?.resume()
    }

    // MARK: Out

    private func read(_ execution: Running) async {
        var splitter = LineSplitter()
        do {
            for try await buffer in execution.standardOutput {
                let bytes = buffer.withUnsafeBytes { Array($0) }
                for line in try splitter.append(bytes) where !take(line) { return }
            }
        } catch {
            fail(with: error is LineSplitter.TooLong ? "it wrote a line over \(LineSplitter.limit >> 20) MiB" : "\(error)")
        }
    }

    /// - Returns: whether the process may go on.
    private func take(_ line: [UInt8]) -> Bool {
        let (answer, job) = state.withLock { state in
            let answer = state.session.answered(line)
            guard case .finish = answer else { return (answer, state.job) }
            defer { state.job = nil }
            return (answer, state.job)
        }
        switch answer {
        case .finish(let verdict):
            job?.finish(.success(verdict))
            release()
            return true
        case .violation(let what):
            fail(with: what)
            return false
        }
    }

    private func fail(with reason: String) {
        state.withLock { $0.reason = $0.reason ?? reason }
    }

    private func readErrors(_ execution: Running) async {
        var splitter = LineSplitter()
        do {
            for try await buffer in execution.standardError {
                let bytes = buffer.withUnsafeBytes { Array($0) }
                state.withLock { $0.errorTail.append(bytes) }
                for line in try splitter.append(bytes) where !line.isEmpty {
                    logger.info("worker's stderr", metadata: ["text": "\(String(decoding: line.prefix(4_096), as: UTF8.self))"])
                }
            }
        } catch {
            logger.debug("worker's stderr cannot be read any more", metadata: ["error": "\(error)"])
        }
    }
}
