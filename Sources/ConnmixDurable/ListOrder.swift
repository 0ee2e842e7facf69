/// The order of a list, by id: ids grow in the order of arrival.
public enum ListOrder: String, Sendable, CaseIterable {
    /// What came first stands first.
    case oldest
    /// What came last stands first.
    case newest
}
