extension String {
    /// Errors come from handlers, child processes and engines: what is kept of one is bounded.
    var boundedError: String { String(prefix(4_096)) }
}
