package import NIOCore

/// What a consumer runs on.
package struct Machinery: Sendable {
    package typealias Loop = (loop: any EventLoop, end: @Sendable () async throws -> Void)

    /// Sockets and timers, and how they end.
    package var loop: @Sendable () -> Loop
    /// Runs once what may block for long, so that neither an actor nor a thread of the cooperative pool does.
    package var aside: @Sendable (_ body: @escaping @Sendable () -> Void) throws -> Void
    /// Runs the writer.
    package var thread: @Sendable () -> any WriterThread
    /// Calls the closure now and then, until it answers false or what was returned is called.
    package var watch: @Sendable (_ look: @escaping @Sendable () -> Bool) -> @Sendable () -> Void
    /// How long a commit may take until it is said that the disk does not answer.
    package var patience: Duration = .seconds(5)
    /// How long a handler may have one message until it is said that it does not come back.
    package var handlerPatience: Duration = .seconds(30)
    /// How long the end of the file's use is awaited, which is a checkpoint, by the machine's own clock; `nil`: as long as it takes.
    package var closing: Duration? = .seconds(20)

    package init(
        loop: @escaping @Sendable () -> Loop, aside: @escaping @Sendable (_ body: @escaping @Sendable () -> Void) throws -> Void,
        thread: @escaping @Sendable () -> any WriterThread,
        watch: @escaping @Sendable (_ look: @escaping @Sendable () -> Bool) -> @Sendable () -> Void
    ) {
        self.loop = loop
        self.aside = aside
        self.thread = thread
        self.watch = watch
    }

    /// Threads and sockets of this machine.
    package static let threads = Machinery(
        loop: { LoopThread.start() },
        aside: { try ThreadMain($0).start(name: "connmix-opening") },
        thread: { OwnThread() },
        watch: { look in
            let watch = FileWatch(look)
            watch.start()
            return { watch.stop() }
        })
}
