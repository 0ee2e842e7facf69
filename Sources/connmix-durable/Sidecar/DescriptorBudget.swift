/// How the file descriptors that the process may have are shared out. Pure.
///
/// Whoever reaches a port that is served can take as many as it has connections, without a token, and where none are left no node is
/// connected again. So what handlers do not need is shared out beforehand: handlers first, and ports have fewer connections where it is short.
struct DescriptorBudget: Equatable {
    /// What connections to nodes, the database and everything else needs, and a start of a process for a moment.
    static let reserve = 128
    /// With fewer connections a port would be of no use.
    static let leastConnections = 16

    /// How many there may be.
    let limit: Int
    /// Those of `--metrics`, which has few, all of them.
    var metrics = 0
    /// How many connections each of the other ports would have.
    var ports: [Int] = []

    /// What everything but handlers needs at the least.
    var leastReserve: Int { Self.reserve + metrics + ports.count * Self.leastConnections }

    /// How many handlers there may be at once.
    ///
    /// - Parameter each: what one of them needs.
    func most(_ each: Int) -> Int { max(0, limit - leastReserve) / each }

    /// How many connections each of the ports gets.
    ///
    /// - Parameter handlers: what these need, all of them.
    func connections(beside handlers: Int) -> [Int] {
        let wished = ports.reduce(0) { $0 + max(0, $1 - Self.leastConnections) }
        let left = max(0, limit - leastReserve - handlers)
        guard left < wished else { return ports }
        return ports.map { Self.leastConnections + max(0, $0 - Self.leastConnections) * left / wished }
    }
}
