extension DevEngine {
    /// Something that goes wrong with a command.
    public struct Fault: Sendable, Hashable {
        /// What goes wrong.
        public enum Action: Sendable, Hashable {
            /// Not applied, answered with an error.
            case error(code: Int, message: String)
            /// Applied, never answered.
            case swallow
            /// Not applied, never answered.
            case ignore
            /// Applied at once, answered later; later answers overtake it.
            case delay(Duration)
            /// Not applied; this text frame (or HTTP body) comes instead of an answer.
            case answer(String)
            /// The connection is dropped, the command is not applied.
            case dropBefore(reset: Bool = true)
            /// The command is applied, the connection is dropped, there is no answer.
            case dropAfter(reset: Bool = true)
        }

        /// Nil matches any.
        public var method: String?
        /// So many matching commands pass first: k - 1 for the k-th.
        public var skip: Int
        /// So many are struck; nil for all.
        public var times: Int?
        /// What happens to a command that is struck.
        public var action: Action

        /// By default it strikes the next command, whatever its method, and no other.
        public init(_ action: Action, method: String? = nil, skip: Int = 0, times: Int? = 1) {
            self.action = action
            self.method = method
            self.skip = skip
            self.times = times
        }
    }

    /// Adds a fault to a node; of several the first that matches strikes. A restart keeps them.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    public func addFault(_ fault: Fault, node: String) async throws {
        try await self.onLoop { try $0.shell(node).faults.add(fault) }
    }

    /// Removes the faults of one node or of all.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `stopped`.
    public func clearFaults(node: String? = nil) async throws {
        try await self.onLoop { mesh in
            for shell in try node.map({ [try mesh.shell($0)] }) ?? mesh.shells { shell.faults = FaultPlan() }
        }
    }
}
