import NIOCore

extension DevEngine {
    /// How the center answers.
    public enum CenterBehaviour: Sendable, Hashable {
        /// As a real one does.
        case normal
        /// The port is closed.
        case down
        /// Accepts, and closes at the first request.
        case close
        /// Accepts and reads, never answers.
        case hang
        /// Promises a long answer and sends a byte of it now and then.
        case trickle
        /// Answers this status, without a body.
        case status(Int)
        /// Answers `/version` with this body.
        case version(String)
        /// Answers `/v1/nodes` with this body.
        case body(String)
        /// Lists no node: `{"nodes":[]}`.
        case nothing
        /// `{"nodes":null}`, as an empty list easily becomes in Go.
        case null
    }

    /// Changes how the center answers, from the next request on. ``center`` stays the same.
    ///
    /// - Throws: ``DevEngineError``: `stopped`.
    public func setCenter(_ behaviour: CenterBehaviour) async throws {
        let (closing, port) = try await self.onLoop { mesh -> ([any Channel], Int?) in
            mesh.centerBehaviour = behaviour
            if behaviour == .down {
                let listener = [mesh.centerListener].compactMap { $0 }
                mesh.centerListener = nil
                return (listener + mesh.centerChildren.values.map(\.channel), nil)
            }
            return ([], mesh.centerListener == nil ? mesh.centerPort : nil)
        }
        for channel in closing { try? await channel.close() }
        if let port { try await self.openCenter(port) }
    }
}
