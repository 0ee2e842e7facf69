extension Relay {
    /// What a settled command means for the file and for whoever waits.
    enum Change: Sendable {
        case sent(id: Int64, atFirstTry: Bool, Settlement)
        case settled(id: Int64, Settlement)
        case postponed(id: Int64, OutgoingCommand, code: Int64?, error: String)
        /// It may be written once; the file must know before it is.
        case writing(id: Int64)
    }
}

extension Relay.Change {
    var id: Int64 {
        switch self {
        case .sent(let id, _, _), .settled(let id, _), .postponed(let id, _, _, _), .writing(let id): id
        }
    }

    /// How the command with this id ended, if this is its end.
    func settlement(of id: Int64) -> Settlement? {
        switch self {
        case .sent(id, _, let settlement), .settled(id, let settlement): settlement
        case .sent, .settled, .postponed, .writing: nil
        }
    }
}
