/// What is said to people after a list.
enum ListEnd {
    /// - Throws: `Failure` with exit code 1 where nothing matched.
    static func say(_ end: (count: Int, next: Int64?), what: String) throws {
        guard end.count > 0 else { throw Failure(.failed, "no \(what) matches") }
        if let next = end.next, Terminal.error.width != nil {
            StandardError.write(line: "there are more; go on with --after \(next)")
        }
    }
}
