/// What was found to be otherwise than it was promised.
public struct BrokenPromise: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Holds a promise, or says what is broken.
public func hold(_ isKept: Bool, _ words: @autoclosure () -> String) throws {
    guard isKept else { throw BrokenPromise(words()) }
}
