extension String {
    /// Errors come from handlers, child processes and engines: what is kept of one is bounded.
    var boundedError: String { bounded(toBytes: 4_096) }
}
