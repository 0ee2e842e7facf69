/// Who is killed.
public enum DeathKind: String, Sendable, CaseIterable {
    case consumer, sidecar, bulk, migration, backup, `import`

    /// Rounds on one file: a consumer that was killed goes on with what it left.
    var roundsTogether: Int {
        switch self {
        case .consumer, .sidecar: 20
        case .bulk, .migration, .backup, .import: 5
        }
    }
}
