/// The order of a list, by id: ids grow in the order of arrival.
public enum ListOrder: String, Sendable, CaseIterable {
    case oldest
    case newest
}
