internal import NIOCore
internal import NIOPosix

/// An event loop on a thread of its own.
enum LoopThread {
    static func start() -> (loop: any EventLoop, end: @Sendable () async throws -> Void) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        return (group.next(), { try await group.shutdownGracefully() })
    }
}
