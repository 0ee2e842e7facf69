import ConnmixDurable

/// Something that messages may have been lost by.
enum Loss {
    case gap(GapRecord)
    /// A connection that ended uncleanly.
    case uncleanEnd(EpochRecord)
    /// A copy that took the place of a lost file.
    case adoption(AdoptionRecord)

    /// When it was; `nil` for a connection of a process that died, until the next one has closed its account.
    var time: Int64? {
        switch self {
        case .gap(let gap): gap.beganAt
        case .uncleanEnd(let epoch): epoch.closedAt
        case .adoption(let adoption): adoption.copiedAt
        }
    }
}
