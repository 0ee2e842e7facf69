/// How a connection or a run ended.
public enum ConnectionEnd: String, Sendable, CaseIterable {
    /// It has not.
    case open
    /// In order: no more was handed out, and what was under way was waited for.
    case clean
    /// What the engine had handed out and this side had not read is lost.
    case unclean
}
