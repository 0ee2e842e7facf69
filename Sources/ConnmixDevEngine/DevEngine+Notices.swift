extension DevEngine {
    /// Something that whoever develops a consumer should look at: the engine goes on as a real one would, which says nothing.
    public struct Notice: Sendable, Hashable, CustomStringConvertible {
        /// What it is about.
        public enum Kind: String, Sendable, CaseIterable {
            /// An end user waits for a context value, and another key or value was set.
            case otherKey
            /// A command names an end user who is not there, or not on that node.
            case unknownClient
            /// An end user has waited for a context value for long.
            case longWait
            /// A consumer speaks the other dialect. Once a connection.
            case otherDialect
            /// A command was refused for another reason.
            case refused
            /// End users' frames are lost: their queue is full.
            case dropped
            /// Messages wait in a queue that nobody consumes.
            case unconsumed
        }

        /// What it is about.
        public var kind: Kind
        /// Id of the node.
        public var node: String
        /// One sentence, safe to show but for what came from outside.
        public var text: String
        /// So many of its kind were left out before it: of each kind one comes in five seconds.
        public var leftOut: Int

        /// For tests of what reads notices.
        public init(kind: Kind, node: String, text: String, leftOut: Int = 0) {
            self.kind = kind
            self.node = node
            self.text = text
            self.leftOut = leftOut
        }

        /// The sentence, and how many were left out.
        public var description: String {
            self.leftOut == 0 ? self.text : "\(self.text) (and \(self.leftOut) more like it)"
        }
    }

    /// Notices as they come, for one reader; ends when the engine is shut down. Of unread ones the newest 256 are kept.
    public var notices: AsyncStream<Notice> { self.noticeStream }
}
