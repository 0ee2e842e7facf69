/// What the loss ledger keeps in the file.
enum LossRows {
    struct Node: Sendable, Hashable {
        var id: String
        var address: String
    }

    /// One connection to a node, and what it brought.
    struct Epoch: Sendable, Equatable {
        let id: Int64
        /// The number that the cluster gave it; not kept.
        let connection: Int64
        var node: Node
        var openedAt: Int64
        var consumingAt: Int64?
        var closedAt: Int64?
        var isClean = false
        /// Messages that were read.
        var frames: Int64 = 0
        /// Of their payloads.
        var bytes: Int64 = 0
        var firstEntry: Int64?
        var lastEntry: Int64?
        var end: String?
        /// How many connections the row stands for.
        var connections = 1

        var reason: String? {
            connections == 1 ? end : "\(end ?? ""); \(connections) connections, while the file could not be written"
        }
    }

    /// When a node that the center listed was not consumed, once or several times.
    struct Gap: Sendable, Equatable {
        let id: Int64
        var node: Node
        var beganAt: Int64
        var endedAt: Int64?
        var times: Int64 = 1
        /// Microseconds between its times in which the node was consumed.
        var consumed: Int64 = 0
        var began: GapReason
        /// What stood in the way since, where it is something else.
        var lately: String?

        var reason: String { lately.map { "\(began.text); then: \($0)" } ?? began.text }
    }

    /// A row as it is, and as it is in the file.
    struct Held<Row: Equatable & Sendable>: Sendable {
        var row: Row
        var written: Row?

        var isWritten: Bool { row == written }
    }

    /// Rows to be written, whole: a row that is there already is replaced.
    struct Batch: Sendable {
        var epochs: [Epoch] = []
        var gaps: [Gap] = []
        /// Enough rows came since the last time, or it is long ago.
        var mayPrune = false

        var isEmpty: Bool { epochs.isEmpty && gaps.isEmpty }
    }

    /// Where the run before left off.
    struct Inheritance: Sendable {
        /// The nodes it knew.
        var nodes: [Node] = []
        var lastEpoch: Int64 = 0
        var lastGap: Int64 = 0
    }
}
