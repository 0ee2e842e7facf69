import Logging
import NIOCore
import Synchronization

/// What is said between the pool and one worker process.
///
/// Messages are handed over from any thread, answers come on the event loop. It is over when the process stops talking, breaks
/// the protocol or takes too long, or when the pool ends it.
final class WorkerConversation: Sendable {
    private struct State {
        var session = WorkerSession()
        var job: WorkerJob?
        var input: (any Channel)?
        var isTimerSet = false
        var isOver = false
        var reason: String?
        var errorTail = ByteTail()
    }

    private let queue: JobQueue
    private let timeout: Duration?
    private let logger: Logger
    private let loop: any EventLoop
    private let over: EventLoopPromise<Void>
    private let state = Mutex(State())

    init(queue: JobQueue, timeout: Duration?, logger: Logger, loop: any EventLoop) {
        self.queue = queue
        self.timeout = timeout
        self.logger = logger
        self.loop = loop
        over = loop.makePromise()
    }

    /// - Parameter input: what will be the process's stdin.
    func attach(_ input: any Channel) {
        state.withLock { $0.input = input }
        input.closeFuture.whenComplete { _ in self.inputClosed() }
    }

    /// The process runs: messages can be handed over now.
    func begin() {
        takeNext()
    }

    /// Returns when it is over; ends it where the calling task is cancelled.
    func ended() async {
        await withTaskCancellationHandler {
            try? await over.futureResult.get()
        } onCancel: {
            end()
        }
    }

    /// No message is handed over any more.
    func end() {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        queue.leave(self)
        if isFirst { over.succeed() }
    }

    /// Ends it for a fault of the process. Only the first end counts.
    func fail(with reason: String) {
        state.withLock { state in
            if !state.isOver { state.reason = reason }
        }
        end()
    }

    /// The process's stdin ends, which asks it to end.
    func closeInput() {
        let input = state.withLock { $0.input }
        input?.close(promise: nil)
    }

    /// What is known when the process has ended: the message that it still held, what it was at fault for, the end of what it
    /// wrote to stderr.
    func close() -> (job: WorkerJob?, reason: String?, errorTail: String, answers: Int) {
        state.withLock { state in
            defer { state.job = nil }
            return (state.job, state.reason, state.errorTail.text, state.session.answers)
        }
    }

    var isBroken: Bool { state.withLock { $0.reason != nil } }

    // MARK: In

    /// Hands a message over.
    ///
    /// - Returns: false where it is too late for this process.
    func take(_ job: WorkerJob) -> Bool {
        let deadline = timeout.map { NIODeadline.now() + .nanoseconds($0.nanoseconds) }
        let (input, mustSetTimer) = state.withLock { state -> ((any Channel)?, Bool) in
            guard !state.isOver, let input = state.input else { return (nil, false) }
            state.job = job
            state.session.begin(job.id, deadline: deadline)
            let mustSetTimer = deadline != nil && !state.isTimerSet
            if mustSetTimer { state.isTimerSet = true }
            return (input, mustSetTimer)
        }
        guard let input else { return false }
        if mustSetTimer, let deadline { setTimer(deadline) }
        let written = loop.makePromise(of: Void.self)
        written.futureResult.whenFailure { _ in self.takeBack(job) }
        input.writeAndFlush(job.line, promise: written)
        return true
    }

    private func takeNext() {
        while let job = queue.next(for: self) {
            if take(job) { return }
            queue.putBack(job)
            if state.withLock({ $0.isOver }) { return }
        }
    }

    /// The line did not go out whole, so that nobody can have handled it.
    private func takeBack(_ job: WorkerJob) {
        let isHeld = state.withLock { state in
            guard state.job === job else { return false }
            state.job = nil
            state.session.takeBack()
            return true
        }
        end()
        if isHeld { queue.putBack(job) }
    }

    /// The process reads no more. What it still has to say it must say soon.
    private func inputClosed() {
        guard !state.withLock({ $0.isOver }) else { return }
        loop.scheduleTask(in: .seconds(1)) {
            self.fail(with: "it closed its stdin")
        }
    }

    /// One timer serves all messages of the process: it looks again when the newest one's time is up.
    private func setTimer(_ deadline: NIODeadline) {
        loop.scheduleTask(deadline: deadline) {
            let next = self.state.withLock { state in
                state.isTimerSet = state.session.deadline != nil && !state.isOver
                return state.isTimerSet ? state.session.deadline : nil
            }
            guard let next else { return }
            if next > .now() {
                self.setTimer(next)
            } else {
                self.fail(with: "it gave no answer within \(self.timeout ?? .zero)")
            }
        }
    }

    // MARK: Out

    /// - Returns: whether the process may go on.
    func took(_ line: [UInt8]) -> Bool {
        let (answer, job) = state.withLock { state in
            let answer = state.session.answered(line)
            guard case .finish = answer else { return (answer, state.job) }
            defer { state.job = nil }
            return (answer, state.job)
        }
        switch answer {
        case .finish(let verdict):
            job?.finish(.success(verdict))
            takeNext()
            return true
        case .violation(let what):
            fail(with: what)
            return false
        }
    }

    func complained(_ bytes: [UInt8], lines: [String]) {
        state.withLock { $0.errorTail.append(bytes) }
        for line in lines { logger.info("worker's stderr", metadata: ["text": "\(line)"]) }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return isTooLong ? .max / 4 : min(scaled, .max / 4) + attoseconds / 1_000_000_000
    }
}
