import ConnmixDurable
import Logging
import NIOCore
import Synchronization
import SystemPackage

/// What is said between the pool and one worker process.
///
/// Messages are handed over from any thread, answers come on the event loop. It is over when the process stops talking, breaks
/// the protocol or takes too long, or when the pool ends it.
final class WorkerConversation: Sendable {
    private struct State {
        var session: WorkerSession
        /// What it works on, and what was written ahead.
        var jobs: [WorkerJob] = []
        /// What it answered last.
        var answered: Int64?
        var input: (any Channel)?
        var unread: UnreadInput?
        var isTimerSet = false
        var isOver = false
        var reason: String?
        var fault: WorkerEnd.Fault?
        var printed = PrintedText()
        var complaints = Complaints()
    }

    /// What is known when the process has ended.
    struct Rest {
        /// The messages that it still held, the one that it worked on first.
        let jobs: [WorkerJob]
        /// What it was at fault for, in words.
        let reason: String?
        let fault: WorkerEnd.Fault?
        /// What it wrote to stdout that was no answer.
        let printed: PrintedText
        /// The end of what it wrote to stderr since its last answer.
        let errorTail: String
        let answers: Int
        let saidLast: Bool
        /// What of its stdin it has not read, where that is known.
        let unread: Int?
    }

    /// A pipe takes so many bytes whole or not at all.
    private static let wholeWrite = 4_096

    private let queue: JobQueue
    private let gate: LaunchGate
    private let timeout: Duration?
    private let logger: Logger
    private let loop: any EventLoop
    private let over: EventLoopPromise<Void>
    private let state: Mutex<State>

    init(
        queue: JobQueue, gate: LaunchGate, timeout: Duration?, anyMethod: Bool, logger: Logger, loop: any EventLoop
    ) {
        self.queue = queue
        self.gate = gate
        self.timeout = timeout
        self.logger = logger
        self.loop = loop
        over = loop.makePromise()
        state = Mutex(
            State(session: WorkerSession(timeout: timeout.map { .nanoseconds($0.nanoseconds) }, anyMethod: anyMethod)))
    }

    /// - Parameters:
    ///   - input: what will be the process's stdin.
    ///   - unread: what it leaves of it.
    func attach(_ input: any Channel, _ unread: UnreadInput) {
        state.withLock { ($0.input, $0.unread) = (input, unread) }
        input.closeFuture.whenComplete { _ in self.inputClosed() }
    }

    /// - Parameter errors: where the process's stderr will be read from.
    func listen(to errors: SystemPackage.FileDescriptor) {
        state.withLock { $0.complaints = Complaints(errors) }
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
    func fail(with reason: String, _ fault: WorkerEnd.Fault = .improper) {
        state.withLock { state in
            if !state.isOver { (state.reason, state.fault) = (reason, fault) }
        }
        end()
    }

    /// The process's stdin ends, which asks it to end.
    func closeInput() {
        let (input, unread) = state.withLock { ($0.input, $0.unread) }
        unread?.inputEnds()
        input?.close(promise: nil)
    }

    /// The process has ended.
    func close() -> Rest {
        state.withLock { state in
            let unread = state.unread?.count
            state.unread?.close()
            defer { state.jobs = [] }
            return Rest(
                jobs: state.jobs, reason: state.reason, fault: state.fault, printed: state.printed,
                errorTail: state.complaints.text, answers: state.session.answers, saidLast: state.session.isLast,
                unread: unread)
        }
    }

    var isBroken: Bool { state.withLock { $0.reason != nil } }

    /// Whether it has read what it was given.
    var isWell: Bool {
        state.withLock { WorkerEnd.Message(size: $0.jobs.size, unread: $0.unread?.count) != .unread }
    }

    // MARK: In

    /// Hands a message over.
    ///
    /// - Returns: false where there is no room for it, or it is too late for this process.
    func take(_ job: WorkerJob) -> Bool {
        let (input, timer) = state.withLock { state -> ((any Channel)?, NIODeadline?) in
            let now = NIODeadline.now()
            let room = state.session.room(now: now)
            guard !state.isOver, room != .none, let input = state.input else { return (nil, nil) }
            // Before the first answer stderr is about the start, which the first message is hit by.
            if room == .free, state.session.answers > 0 { state.complaints.began() }
            state.session.take(job.id, now: now)
            state.jobs.append(job)
            if room == .free { job.begin() }
            guard let deadline = state.session.deadline, !state.isTimerSet else { return (input, nil) }
            state.isTimerSet = true
            return (input, deadline)
        }
        guard let input else { return false }
        if let timer { setTimer(timer) }
        let written = loop.makePromise(of: Void.self)
        written.futureResult.whenFailure { _ in self.takeBack(job) }
        input.writeAndFlush(job.line, promise: written)
        return true
    }

    /// Asks for as many messages as there is room for.
    func takeNext() {
        while true {
            let room = state.withLock { $0.isOver ? .none : $0.session.room(now: .now()) }
            guard room != .none, let job = queue.next(for: self, isIdle: room == .free) else { return }
            guard take(job) else { return queue.putBack(job) }
        }
    }

    /// The line did not go out whole, so that nobody can have handled it. A long one may have done harm by its length all the same.
    private func takeBack(_ job: WorkerJob) {
        let isHeld = state.withLock { state in
            guard let place = state.jobs.firstIndex(where: { $0 === job }) else { return false }
            state.jobs.remove(at: place)
            state.session.takeBack(job.id)
            return true
        }
        end()
        guard isHeld else { return }
        if job.line.readableBytes <= Self.wholeWrite || job.mayReturn() {
            queue.putBack(job)
        } else {
            job.finish(.failure(SidecarError("\(gate.name) ended before it had read the message")))
        }
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
                self.fail(with: "it gave no answer within \((self.timeout ?? .zero).text)", .late)
            }
        }
    }

    // MARK: Out

    /// - Returns: whether the process may go on.
    func took(_ line: [UInt8]) -> Bool {
        let (answer, job, left) = state.withLock { state -> (WorkerSession.Answered, WorkerJob?, [WorkerJob]?) in
            let answer = state.session.answered(line, now: .now())
            guard case .finish = answer else { return (answer, nil, nil) }
            let job = state.jobs.removeFirst()
            state.answered = job.id
            state.complaints.answered()
            guard !state.session.isLast else {
                defer { state.jobs = [] }
                return (answer, job, state.jobs)
            }
            state.jobs.first?.begin()
            return (answer, job, nil)
        }
        switch answer {
        case .finish(let verdict):
            gate.proved()
            if let left {
                end()
                for job in left.reversed() { queue.putBack(job) }
            }
            // The worker first: it waits, and the handler has its own work to do.
            takeNext()
            job?.finish(.success(verdict))
            return true
        case .violation(let what):
            fail(with: what)
            return false
        }
    }

    /// Keeps what was written to stdout and is no answer.
    ///
    /// - Returns: whether there is room for more of it.
    func printed(_ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            state.printed.append(bytes)
            return !state.printed.isFull
        }
    }

    /// - Parameter lines: what is complete of a line with the bytes that follow the last ones.
    func complained(_ bytes: [UInt8], lines: (ArraySlice<UInt8>) -> [String]) {
        let (foreign, answered, inHand) = state.withLock { state in
            (state.complaints.append(bytes), state.answered, state.jobs.first?.id)
        }
        tell(lines(bytes[..<foreign]), of: answered)
        tell(lines(bytes[foreign...]), of: inHand)
    }

    private func tell(_ lines: [String], of entry: Int64?) {
        for line in lines {
            var facts: Logger.Metadata = ["text": "\(line)"]
            if let entry { facts["entry"] = "\(entry)" }
            logger.info("worker's stderr", metadata: facts)
        }
    }

    /// Stderr is closed.
    func complaintsEnd() {
        state.withLock { $0.complaints.ended() }
    }
}

extension [WorkerJob] {
    /// Bytes of their lines.
    var size: Int { reduce(0) { $0 + $1.line.readableBytes } }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return isTooLong ? .max / 4 : min(scaled, .max / 4) + attoseconds / 1_000_000_000
    }
}
