import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A center and any number of nodes in memory, in this process, on real sockets.
///
/// It speaks the engine's side of the protocol in either dialect, can be made to fail in every way a client has to
/// survive, and lets tests see what it saw. One thread runs all of it.
///
/// Every method may be called from any task. Those that are `async` are done on the engine's thread and have taken effect when they
/// return; they throw ``DevEngineError``: `stopped` after ``shutdown()``, `unknownNode` where no node has the id that is named,
/// `nodeNotRunning` where none is named and none runs, or the one that is named is stopped.
public final class DevEngine: Sendable {
    let group: MultiThreadedEventLoopGroup
    let loop: any EventLoop
    let mesh: NIOLoopBound<Mesh>
    let directory: NIOLockedValueBox<[NodeInfo]>
    let ports: NIOLockedValueBox<Ports>
    let noticeStream: AsyncStream<Notice>

    struct Ports {
        var center = ""
        var isStopped = false
        var lastWatcher = 0
    }

    /// Opens all ports. Throws ``DevEngineError`` with `portInUse` when a fixed one is taken.
    public static func start(_ configuration: Configuration = Configuration()) async throws -> DevEngine {
        guard configuration.nodes >= 0, !configuration.topics.isEmpty, configuration.settings.topicSize > 0,
            configuration.chatPath.hasPrefix("/"),
            [configuration.centerPort, configuration.apiPort, configuration.chatPort].allSatisfy((0...65_535).contains)
        else {
            throw DevEngineError(
                .invalidConfiguration, "ports are 0 to 65535, there is a topic, sizes are positive, the path has a /")
        }
        let tls = try configuration.tls.map { try ServerTLS($0) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let directory = NIOLockedValueBox<[NodeInfo]>([])
        let (stream, notices) = AsyncStream.makeStream(of: Notice.self, bufferingPolicy: .bufferingNewest(256))
        do {
            let mesh = try await loop.submit {
                let mesh = Mesh(
                    loop: loop, configuration: configuration, tls: tls, directory: directory, notices: notices)
                return NIOLoopBound(mesh, eventLoop: loop)
            }.get()
            let engine = DevEngine(group, loop, mesh, directory, stream)
            do {
                try await engine.openCenter(configuration.centerPort)
                for _ in 0..<configuration.nodes { _ = try await engine.addNode() }
            } catch {
                try? await engine.shutdown()
                throw error
            }
            return engine
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        _ group: MultiThreadedEventLoopGroup, _ loop: any EventLoop, _ mesh: NIOLoopBound<Mesh>,
        _ directory: NIOLockedValueBox<[NodeInfo]>, _ notices: AsyncStream<Notice>
    ) {
        self.group = group
        self.loop = loop
        self.mesh = mesh
        self.directory = directory
        self.ports = NIOLockedValueBox(Ports())
        self.noticeStream = notices
    }

    /// The center's `host:port`.
    public var center: String { self.ports.withLockedValue { $0.center } }

    /// The running nodes, in the order they were added.
    public var nodes: [NodeInfo] { self.directory.withLockedValue { $0 } }

    /// Returns when the calling task is cancelled. Does not shut down.
    public func run() async throws {
        do {
            try await self.wait(limit: nil) { _ in false }
        } catch is CancellationError {
            return
        }
    }

    /// Closes every port and connection; whoever waits gets `stopped`. May be called twice.
    public func shutdown() async throws {
        let isFirst = self.ports.withLockedValue { ports in
            defer { ports.isStopped = true }
            return !ports.isStopped
        }
        guard isFirst else { return }
        let mesh = self.mesh
        let channels = try await self.loop.submit { mesh.value.stopAll() }.get()
        for channel in channels { try? await channel.close() }
        try await self.group.shutdownGracefully()
    }

    /// Runs on the engine's thread, and lets what changed have its consequences.
    @discardableResult
    func onLoop<T: Sendable>(_ body: @escaping @Sendable (Mesh) throws -> T) async throws -> T {
        guard !self.ports.withLockedValue({ $0.isStopped }) else { throw DevEngineError.stopped }
        let mesh = self.mesh
        do {
            return try await self.loop.submit {
                defer { mesh.value.endTurn() }
                return try body(mesh.value)
            }.get()
        } catch EventLoopError.shutdown {
            throw DevEngineError.stopped
        }
    }

    /// The same for what takes its time.
    func onLoopLater<T: Sendable>(_ body: @escaping @Sendable (Mesh) -> EventLoopFuture<T>) async throws -> T {
        guard !self.ports.withLockedValue({ $0.isStopped }) else { throw DevEngineError.stopped }
        let mesh = self.mesh
        return try await self.loop.flatSubmit { body(mesh.value) }.get()
    }

    func openCenter(_ number: Int) async throws {
        let channel = try await self.onLoopLater { $0.bindPort(.center, number) }
        let address = try await self.onLoop { mesh in
            mesh.centerListener = channel
            mesh.centerPort = channel.localAddress?.port ?? 0
            return mesh.address(mesh.centerPort)
        }
        self.ports.withLockedValue { $0.center = address }
    }
}

/// Starts an engine for the length of `body`, and always shuts it down.
///
/// - Parameters:
///   - configuration: where it listens and how it starts; by default one node on free ports.
///   - isolation: where `body` runs: where the caller does.
///   - body: gets the running engine. What it returns is returned.
/// - Throws: ``DevEngineError`` with `portInUse` when a fixed port is taken; what `body` throws.
public func withDevEngine<T: Sendable>(
    _ configuration: DevEngine.Configuration = DevEngine.Configuration(),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (DevEngine) async throws -> T
) async throws -> T {
    let engine = try await DevEngine.start(configuration)
    do {
        let result = try await body(engine)
        try await engine.shutdown()
        return result
    } catch {
        try? await engine.shutdown()
        throw error
    }
}
