/// What an operator's action did.
public struct OperatorReport: Sendable {
    /// Why an entry was left as it is.
    public enum Why: Sendable, Equatable, CustomStringConvertible {
        /// There is no such entry or command.
        case notFound
        /// The action is not for what is in this state.
        case wrongState(String)
        /// A retry of what may be handled or sent already.
        case isDueAlready
        /// Undo: something has happened to it since; it is in this state now.
        case changed(String)
        /// Undo of a replay: the new entry has been handled since, or is being handled; it is in this state now.
        case replayChanged(entry: Int64, state: String)

        /// A clause for people, such as `it is due already`. Programs decide by the case.
        public var description: String {
            switch self {
            case .notFound: "there is none"
            case .wrongState("running"): "it is running, in a handler's hand: end that, or stop the consumer first"
            case .wrongState(let state): "it is \(state)"
            case .isDueAlready: "it is due already"
            case .changed(let state): "it has changed since, and is \(state)"
            case .replayChanged(let entry, let state): "its replay, entry \(entry), is \(state)"
            }
        }
    }

    /// An entry or a command that was left as it is.
    public struct Skipped: Sendable, Equatable {
        /// Its id.
        public let id: Int64
        /// What kept it from being changed.
        public let why: Why
    }

    /// The action's id, for `undo`.
    public let action: Int64
    /// The entries or commands it was applied to, ascending.
    public internal(set) var applied: [Int64] = []
    /// The others.
    public internal(set) var skipped: [Skipped] = []
    /// Of a replay: the new entries, in the order of `applied`. Of its undo: those that were discarded.
    public internal(set) var replays: [Int64] = []

    /// Of a retry: those of `applied` that were replayed before and stay so; only the lanes that stood behind them were opened.
    package private(set) var opened: [Int64] = []

    package init(action: Int64) {
        self.action = action
    }

    /// The highest row that was looked at.
    package var lastRow: Int64 { max(applied.last ?? .min, skipped.last?.id ?? .min) }

    mutating func add(_ id: Int64, _ intervention: Intervention) {
        switch intervention {
        case .applied(_, let result, let opensOnly):
            applied.append(id)
            if opensOnly { opened.append(id) }
            if let result { replays.append(result) }
        case .skipped(let why):
            skipped.append(Skipped(id: id, why: why))
        }
    }

    package mutating func add(_ part: OperatorReport) {
        applied += part.applied
        skipped += part.skipped
        replays += part.replays
        opened += part.opened
    }
}

/// An operator's action as it is kept.
public struct OperatorAction: Sendable {
    /// How far an action is.
    public enum State: Int64, Sendable, CustomStringConvertible {
        /// Under way, or its process died; what it did so far is recorded and can be undone.
        case running = 1
        /// Every entry was looked at.
        case finished = 2
        /// Ended by an error; what it did before is recorded and can be undone.
        case stopped = 3
        /// Undone, at least for some entries.
        case undone = 4

        /// The case's name, as the command line and its JSON have it. It does not change.
        public var description: String {
            switch self {
            case .running: "running"
            case .finished: "finished"
            case .stopped: "stopped"
            case .undone: "undone"
            }
        }
    }

    /// Ids grow in the order of the actions; `undo` takes one.
    public let id: Int64
    /// `retry`, `replay`, `discard`, `restore`, `skip`, `cancel`, `prune`, `import` or `undo`.
    public let verb: String
    /// Who.
    public let actor: String
    /// Why.
    public let reason: String?
    /// What was asked for, as JSON.
    public let selection: String
    /// How far it is.
    public let state: State
    /// How many entries were asked for.
    public let total: Int
    /// How many of them were looked at.
    public let finished: Int
    /// Microseconds since 1970, UTC.
    public let createdAt: Int64
    /// When the last of it was done, or an error ended it, in microseconds since 1970, UTC; `nil` while it is running.
    public let endedAt: Int64?
    /// Whether it is about entries of the journal; otherwise about commands of the outbox.
    public let isOnJournal: Bool

    /// Its process ended before it was through. Of one that named itself otherwise, or runs on another machine, that is not known.
    package var isInterrupted: Bool {
        guard state == .running, let process = OperatorName.process(of: actor) else { return false }
        return !LivingProcess.mayHaveActed(process, at: createdAt)
    }
}
