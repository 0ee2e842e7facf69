/// Whom a command was for and nobody can reach any more. How its row says so is written and read here alone.
package enum GoneRecipient: String, CaseIterable, Sendable {
    case client = "client gone"
    case node = "node gone"

    /// The error of a command that is dead for it.
    func error(_ detail: String) -> String { "\(rawValue) (\(detail))" }

    /// - Parameter error: of a dead command.
    package init?(of error: String?) {
        guard let error, let found = Self.allCases.first(where: { error.hasPrefix($0.rawValue) }) else { return nil }
        self = found
    }
}
