import ArgumentParser

/// The id of a cause, as `causes` prints it.
struct CauseID: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        guard argument.utf8.count == 8, argument.allSatisfy(\.isHexDigit) else { return nil }
        text = argument.lowercased()
    }
}
