/// What the development engine refuses.
public struct DevEngineError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of refusal.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The code's name, such as `portInUse`. It does not change.
        public let description: String

        /// A fixed port is taken by somebody else.
        public static let portInUse = Code(description: "portInUse")
        /// No node has that id (any more: a restart changes it).
        public static let unknownNode = Code(description: "unknownNode")
        /// The node is stopped, or none is running.
        public static let nodeNotRunning = Code(description: "nodeNotRunning")
        /// The node is running already.
        public static let nodeRunning = Code(description: "nodeRunning")
        /// What was waited for did not come about within the limit.
        public static let timedOut = Code(description: "timedOut")
        /// The engine has been shut down.
        public static let stopped = Code(description: "stopped")
        /// The end user's connection is closed.
        public static let endUserGone = Code(description: "endUserGone")
        /// The configuration or an argument makes no sense.
        public static let invalidConfiguration = Code(description: "invalidConfiguration")
    }

    /// What kind of refusal it is; programs decide by it.
    public var code: Code
    /// One sentence, safe to show.
    public var message: String

    /// For code that refuses on the engine's behalf.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Code and message, for people.
    public var description: String { "\(self.code): \(self.message)" }

    static let stopped = DevEngineError(.stopped, "the engine has been shut down")

    static func unknownNode(_ id: String) -> DevEngineError { .init(.unknownNode, "no node has the id \(id)") }
}
