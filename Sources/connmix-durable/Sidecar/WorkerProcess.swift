import Logging
import NIOCore
import NIOPosix
import Subprocess
import SystemPackage

/// One process of the pool, from its start to its end.
struct WorkerProcess: Sendable {
    struct End {
        let manner: WorkerEnd.Manner
        let reason: String
    }

    private enum Part: Sendable {
        case silent
        case exited(Result<TerminationStatus, any Error>)
    }

    /// What the process gets as its stdin, stdout and stderr.
    private struct Descriptors: Sendable {
        let input: SystemPackage.FileDescriptor
        let output: SystemPackage.FileDescriptor
        let error: SystemPackage.FileDescriptor
    }

    private let program: SidecarProgram
    private let queue: JobQueue
    private let gate: LaunchGate
    private let conversation: WorkerConversation
    private let turn: LaunchTurn
    private let loop: any EventLoop

    /// - Parameter turn: its own; it is given up when the process was started, and ends with it.
    init(
        _ program: SidecarProgram, queue: JobQueue, gate: LaunchGate, turn: LaunchTurn, timeout: Duration?, anyMethod: Bool,
        logger: Logger, loop: any EventLoop
    ) {
        self.program = program
        self.queue = queue
        self.gate = gate
        self.turn = turn
        self.loop = loop
        conversation = WorkerConversation(
            queue: queue, gate: gate, timeout: timeout, anyMethod: anyMethod, logger: logger, loop: loop)
    }

    /// Runs the process until it ends, breaks the protocol, takes too long, or the calling task is cancelled. The message that
    /// it held has failed then, unless it did not begin it.
    func run() async -> End {
        defer { turn.finish() }
        let status: Result<TerminationStatus, any Error>
        do {
            let (outputs, descriptors) = try await connect()
            status = await converse(descriptors)
            // What the process left behind goes too; what has left its group may keep the pipes for as long as it likes.
            SidecarProgram.sweep(turn.number)
            let mostPatient = loop.scheduleTask(in: .milliseconds(500)) { for output in outputs { output.close(promise: nil) } }
            for output in outputs { try? await output.closeFuture.get() }
            mostPatient.cancel()
        } catch {
            conversation.end()
            turn.failed("\(error)")
            status = .failure(error)
        }
        let rest = conversation.close()
        let end = WorkerEnd(
            isClean: (try? status.get()) == .exited(0), answers: rest.answers, saidLast: rest.saidLast, fault: rest.fault,
            message: .init(size: rest.jobs.size, unread: rest.unread), lived: .now - turn.begunAt)
        let reason = reason(status, rest, end)
        settle(rest, end, reason)
        let manner = turn.number == nil ? .notStarted : end.manner
        // Before the turn is given up: the next one has to wait.
        if manner == .useless, !Task.isCancelled {
            gate.wasUseless(begunAt: turn.begunAt, reason, hadRead: end.message == .read)
        }
        return End(manner: manner, reason: reason)
    }

    private func reason(
        _ status: Result<TerminationStatus, any Error>, _ rest: WorkerConversation.Rest, _ end: WorkerEnd
    ) -> String {
        var reason: String
        switch status {
        case .success(.exited(let code)): reason = "\(program.name) ended with exit code \(code)"
        case .success(.signaled(let signal)): reason = "\(program.name) was ended by signal \(signal)"
        case .failure(let error): reason = "\(program.name) could not be run: \(error)"
        }
        if end.neverRead { reason += " before it read a message; does it loop over its input (run())?" }
        if let fault = rest.reason { reason = "\(program.name) was ended: \(fault)" }
        reason = rest.printed.added(to: reason)
        return rest.errorTail.isEmpty ? reason : "\(reason): \(rest.errorTail)"
    }

    /// Decides about the messages that the process still had.
    private func settle(_ rest: WorkerConversation.Rest, _ end: WorkerEnd, _ reason: String) {
        // What was only written ahead nobody has begun.
        for job in rest.jobs.dropFirst().reversed() { queue.putBack(job) }
        guard let held = rest.jobs.first else { return }
        guard !Task.isCancelled else { return held.finish(.failure(CancellationError())) }
        switch end.held {
        case .untouched: queue.putBack(held)
        case .returned where held.mayReturn(): queue.putBack(held)
        case .doubtful where gate.spares(held.id, mayWait: held.isFirstFall() && queue.hasSeveral): queue.putLast(held)
        case .returned, .doubtful, .failed:
            gate.spent(held.id)
            held.finish(.failure(SidecarError(reason)))
        }
    }

    private func converse(_ descriptors: Descriptors) async -> Result<TerminationStatus, any Error> {
        await withTaskGroup(of: Part.self) { group in
            group.addTask { .exited(await self.execute(descriptors)) }
            group.addTask {
                await self.conversation.ended()
                return .silent
            }
            var status: Result<TerminationStatus, any Error>?
            while let part = await group.next() {
                switch part {
                case .silent:
                    // One that broke the protocol goes at once, another has a second after its stdin closed.
                    if conversation.isBroken, status == nil { SidecarProgram.terminate(turn.number) }
                    conversation.closeInput()
                    group.cancelAll()
                case .exited(let result):
                    status = result
                    conversation.end()
                }
            }
            return status ?? .failure(CancellationError())
        }
    }

    private func execute(_ descriptors: Descriptors) async -> Result<TerminationStatus, any Error> {
        let patience = loop.scheduleTask(in: .seconds(WorkerEnd.soon.components.seconds)) {
            turn.stood(isWell: conversation.isWell)
        }
        defer { patience.cancel() }
        do {
            let result = try await Subprocess.run(
                program.executable, arguments: program.arguments, environment: HandlerEnvironment.common,
                platformOptions: SidecarProgram.options(patience: .seconds(1)),
                input: .fileDescriptor(descriptors.input, closeAfterSpawningProcess: true),
                output: .fileDescriptor(descriptors.output, closeAfterSpawningProcess: true),
                error: .fileDescriptor(descriptors.error, closeAfterSpawningProcess: true)
            ) { execution in
                guard !UnwatchedProcess.end(execution.processIdentifier) else { return turn.failed(DescriptorLimit.shortage) }
                turn.started(execution.processIdentifier.value)
                conversation.begin()
            }
            return .success(result.terminationStatus)
        } catch let error as SubprocessError {
            turn.failed(StartFailure(error, of: program.path).reason)
            return .failure(error)
        } catch {
            if !Task.isCancelled { turn.failed("\(error)") }
            return .failure(error)
        }
    }

    /// Makes the pipes, and channels of our ends.
    private func connect() async throws -> (outputs: [any Channel], Descriptors) {
        let pipes = try ProcessPipe.make(3)
        let (input, output, error) = (pipes[0], pipes[1], pipes[2])
        let conversation = conversation
        let bootstrap = NIOPipeBootstrap(group: loop).channelOption(.allowRemoteHalfClosure, value: false)
        // Ends that no channel has yet.
        var loose = [output.readEnd, error.readEnd, input.writeEnd]
        var channels: [any Channel] = []
        do {
            channels.append(
                try await bootstrap.takingOwnershipOfDescriptor(input: output.readEnd.rawValue) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(LineHandler(conversation))
                        channel.closeFuture.whenComplete { _ in conversation.end() }
                        return channel
                    }
                })
            loose.removeFirst()
            channels.append(
                try await bootstrap.takingOwnershipOfDescriptor(input: error.readEnd.rawValue) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        conversation.listen(to: error.readEnd)
                        try channel.pipeline.syncOperations.addHandler(ErrorLineHandler(conversation))
                        return channel
                    }
                })
            loose.removeFirst()
            let stdin = try await bootstrap.takingOwnershipOfDescriptor(output: input.writeEnd.rawValue) { channel in
                channel.eventLoop.makeSucceededFuture(channel)
            }
            conversation.attach(stdin, UnreadInput(input.writeEnd))
        } catch let failure {
            for channel in channels { channel.close(promise: nil) }
            for end in loose + [input.readEnd, output.writeEnd, error.writeEnd] { try? end.close() }
            throw failure
        }
        return (channels, Descriptors(input: input.readEnd, output: output.writeEnd, error: error.writeEnd))
    }
}
