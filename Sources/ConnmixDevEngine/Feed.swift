import NIOCore

/// A stream of numbered messages from synthetic end users, for benchmarks.
public final class Feed: Sendable {
    /// How far a feed is.
    public struct Progress: Sendable, Hashable {
        /// Messages put in the queue.
        public var pushed: Int
        /// Messages written to consumers.
        public var popped: Int
        /// Frames (`mesh.send`, `mesh.publish`) that reached its clients.
        public var answered: Int
        /// `conn.call`s applied to its clients.
        public var calls: Int
        /// In the order of ``Feed/clients``.
        public var answeredPerClient: [Int]
    }

    /// Client ids; message k is of client k modulo their number.
    public let clients: [String]
    private let engine: DevEngine
    private let index: Int
    private let count: Int

    init(engine: DevEngine, clients: [UInt64], index: Int, count: Int) {
        self.engine = engine
        self.clients = clients.map { String($0) }
        self.index = index
        self.count = count
    }

    /// How far the feed is now. Throws `stopped`.
    public func progress() async throws -> Progress {
        let index = self.index
        return try await self.engine.onLoop { mesh in
            let memory = mesh.feeds[index].memory
            return Progress(
                pushed: memory.pushed, popped: memory.popped, answered: memory.answered, calls: memory.calls,
                answeredPerClient: memory.answeredPerClient)
        }
    }

    /// Returns when every message was written to a consumer. Throws CancellationError or `stopped`.
    public func allSent() async throws {
        let (index, count) = (self.index, self.count)
        try await self.engine.wait(limit: nil) { $0.feeds[index].memory.popped >= count }
    }

    /// Returns when so many frames reached the feed's clients. Throws CancellationError or `stopped`.
    public func waitUntil(answered: Int) async throws {
        let index = self.index
        try await self.engine.wait(limit: nil) { $0.feeds[index].memory.answered >= answered }
    }

    /// The texts that reached that client, in order; empty without `recordsTexts`.
    ///
    /// - Throws: ``DevEngineError``: `stopped`.
    public func received(by client: String) async throws -> [String] {
        guard let place = self.clients.firstIndex(of: client) else { return [] }
        let index = self.index
        return try await self.engine.onLoop { $0.feeds[index].memory.texts?[place] ?? [] }
    }

    /// No more messages; its clients disconnect. Queued messages stay.
    ///
    /// - Throws: ``DevEngineError``: `stopped`.
    public func stop() async throws {
        let index = self.index
        try await self.engine.onLoop { $0.stop($0.feeds[index]) }
    }
}
