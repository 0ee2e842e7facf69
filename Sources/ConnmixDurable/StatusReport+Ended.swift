extension StatusReport {
    /// How a run ended.
    public struct Ended: Sendable, Equatable {
        /// Whether it was stopped in order. Otherwise its process died, or it gave up.
        public let isInOrder: Bool
        /// When, in microseconds since 1970; of one that died its last sign of life.
        public let at: Int64
        /// Its process. Another one may have the number by now.
        public let pid: Int64
    }
}
