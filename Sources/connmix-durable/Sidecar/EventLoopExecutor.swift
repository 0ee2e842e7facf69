import NIOCore

/// Runs tasks on an event loop.
///
/// The tasks of a consumer and the talk with its workers share one thread then: a message costs no hop from thread to thread,
/// which costs more than everything that is done with it here. The loop must outlive the tasks.
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
