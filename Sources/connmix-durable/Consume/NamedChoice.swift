import ArgumentParser

extension ExpressibleByArgument {
    /// One of a few values that have names.
    init?(_ name: String, of choices: [String: Self]) {
        guard let choice = choices[name] else { return nil }
        self = choice
    }
}
