import ConnmixDurable

extension Ledger {
    /// How a row is called.
    var row: String {
        switch self {
        case .journal: "entry"
        case .outbox: "command"
        }
    }

    /// So many rows.
    func rows(_ count: Int) -> String {
        switch self {
        case .journal: count == 1 ? "1 entry" : "\(count) entries"
        case .outbox: count == 1 ? "1 command" : "\(count) commands"
        }
    }
}

extension BulkWork {
    /// How it is called for on the command line.
    var command: String {
        verb == .skip
            ? "connmix-durable lanes skip" : "connmix-durable \(ledger) \(verb.rawValue)" + (again ? " --again" : "")
    }
}

extension OperatorVerb {
    var past: String {
        switch self {
        case .retry: "retried"
        case .replay: "replayed"
        case .discard: "discarded"
        case .restore: "restored"
        case .skip: "passed over"
        case .cancel: "cancelled"
        case .prune: "deleted"
        case .importing: "imported"
        case .undo: "undone"
        case .pause: "paused"
        case .resume: "resumed"
        }
    }

    var asQuestion: String {
        switch self {
        case .prune: "Delete for good"
        case .skip: "Pass over"
        case .importing: "Import"
        case .retry, .replay, .discard, .restore, .cancel, .undo, .pause, .resume:
            rawValue.prefix(1).uppercased() + rawValue.dropFirst()
        }
    }
}
