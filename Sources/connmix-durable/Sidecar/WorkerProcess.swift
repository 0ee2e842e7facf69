import Logging
import NIOCore
import NIOPosix
import Subprocess
import SystemPackage

/// One process of the pool, from its start to its end.
struct WorkerProcess: Sendable {
    struct End {
        let answers: Int
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
    private let conversation: WorkerConversation
    private let loop: any EventLoop
    private let process = StartedProcess()

    init(_ program: SidecarProgram, queue: JobQueue, timeout: Duration?, logger: Logger, loop: any EventLoop) {
        self.program = program
        self.queue = queue
        self.loop = loop
        conversation = WorkerConversation(queue: queue, timeout: timeout, logger: logger, loop: loop)
    }

    /// Runs the process until it ends, breaks the protocol, takes too long, or the calling task is cancelled. The message that
    /// it held has failed then.
    func run() async -> End {
        let status: Result<TerminationStatus, any Error>
        do {
            let (outputs, descriptors) = try await connect()
            status = await converse(descriptors)
            // What the process left behind goes too; what has left its group may keep the pipes for as long as it likes.
            SidecarProgram.sweep(process.number)
            let mostPatient = loop.scheduleTask(in: .milliseconds(500)) { for output in outputs { output.close(promise: nil) } }
            for output in outputs { try? await output.closeFuture.get() }
            mostPatient.cancel()
        } catch {
            conversation.end()
            status = .failure(error)
        }
        var reason: String
        switch status {
        case .success(.exited(let code)): reason = "\(program.name) ended with exit code \(code)"
        case .success(.signaled(let signal)): reason = "\(program.name) was ended by signal \(signal)"
        case .failure(let error): reason = "\(program.name) could not be run: \(error)"
        }
        let left = conversation.close()
        if let fault = left.reason { reason = "\(program.name) was ended: \(fault)" }
        if !left.errorTail.isEmpty { reason += ": \(left.errorTail)" }
        left.jobs.first?.finish(.failure(Task.isCancelled ? CancellationError() : SidecarError(reason)))
        // What was only written ahead nobody has begun.
        for job in left.jobs.dropFirst().reversed() { queue.putBack(job) }
        return End(answers: left.answers, reason: reason)
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
                    if conversation.isBroken, status == nil { SidecarProgram.terminate(process.number) }
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
        do {
            let result = try await Subprocess.run(
                program.executable, arguments: program.arguments,
                platformOptions: SidecarProgram.options(patience: .seconds(1)),
                input: .fileDescriptor(descriptors.input, closeAfterSpawningProcess: true),
                output: .fileDescriptor(descriptors.output, closeAfterSpawningProcess: true),
                error: .fileDescriptor(descriptors.error, closeAfterSpawningProcess: true)
            ) { execution in
                process.number = execution.processIdentifier.value
                conversation.begin()
            }
            return .success(result.terminationStatus)
        } catch {
            return .failure(error)
        }
    }

    /// Makes the pipes, and channels of our ends.
    private func connect() async throws -> (outputs: [any Channel], Descriptors) {
        let pipes = try ProcessPipe.make(3)
        let (input, output, error) = (pipes[0], pipes[1], pipes[2])
        let conversation = conversation
        let bootstrap = NIOPipeBootstrap(group: loop).channelOption(.allowRemoteHalfClosure, value: false)
        let stdout = try await bootstrap.takingOwnershipOfDescriptor(input: output.readEnd.rawValue) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(LineHandler(conversation))
                channel.closeFuture.whenComplete { _ in conversation.end() }
                return channel
            }
        }
        let stderr = try await bootstrap.takingOwnershipOfDescriptor(input: error.readEnd.rawValue) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ErrorLineHandler(conversation))
                return channel
            }
        }
        let stdin = try await bootstrap.takingOwnershipOfDescriptor(output: input.writeEnd.rawValue) { channel in
            channel.eventLoop.makeSucceededFuture(channel)
        }
        conversation.attach(stdin)
        return ([stdout, stderr], Descriptors(input: input.readEnd, output: output.writeEnd, error: error.writeEnd))
    }
}
