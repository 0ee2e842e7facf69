import NIOConcurrencyHelpers
import NIOCore

extension DevEngine {
    /// The state now.
    ///
    /// - Throws: ``DevEngineError``: `stopped`.
    public func snapshot() async throws -> Snapshot { try await self.onLoop { Snapshot(memory: $0.memory) } }

    /// Returns the first state in which `condition` holds. It is looked at after each change, never by polling.
    ///
    /// Throws `timedOut`, `stopped` or CancellationError. `condition` runs on the engine's thread: keep it short.
    @discardableResult
    public func waitUntil(
        within limit: Duration = .seconds(10), _ condition: @Sendable @escaping (Snapshot) -> Bool
    ) async throws -> Snapshot {
        try await self.wait(limit: limit) { condition(Snapshot(memory: $0.memory)) }
    }

    @discardableResult
    func wait(limit: Duration?, _ condition: @Sendable @escaping (Mesh) -> Bool) async throws -> Snapshot {
        let id = try self.ports.withLockedValue { ports in
            guard !ports.isStopped else { throw DevEngineError.stopped }
            ports.lastWatcher += 1
            return ports.lastWatcher
        }
        let (loop, mesh) = (self.loop, self.mesh)
        let promise = loop.makePromise(of: Snapshot.self)
        let cancel: @Sendable () -> Void = {
            loop.execute { mesh.value.failWatcher(id, CancellationError()) }
        }
        return try await withTaskCancellationHandler {
            loop.submit { mesh.value.addWatcher(id, limit: limit, promise: promise, condition) }
                .whenFailure { _ in promise.fail(DevEngineError.stopped) }
            // A cancellation before the line above found nothing to cancel.
            if Task.isCancelled { cancel() }
            return try await promise.futureResult.get()
        } onCancel: {
            cancel()
        }
    }

    /// Every command that came in, in order, as far as recorded.
    ///
    /// - Throws: ``DevEngineError``: `stopped`.
    public func received() async throws -> [CommandRecord] { try await self.onLoop { $0.received.all } }

    /// Every command that had its effect, in order, as far as recorded.
    ///
    /// - Throws: ``DevEngineError``: `stopped`.
    public func applied() async throws -> [CommandRecord] { try await self.onLoop { $0.applied.all } }

    /// Forgets the records; the counts stay.
    ///
    /// - Throws: ``DevEngineError``: `stopped`.
    public func clearRecords() async throws {
        try await self.onLoop { mesh in
            mesh.received.removeAll()
            mesh.applied.removeAll()
        }
    }
}
