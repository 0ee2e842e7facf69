/// Which nodes take commands by HTTP in place of a WebSocket, or are asked whether they do. Pure.
struct FallbackRoutes {
    private enum Phase {
        case asked
        case open
    }

    private let isOn: Bool
    private var phases: [NodeIdentity: Phase] = [:]

    init(isOn: Bool) {
        self.isOn = isOn
    }

    /// - Returns: whether to ask the node; not where it was asked already.
    mutating func ask(_ node: NodeIdentity) -> Bool {
        guard isOn, phases[node] == nil else { return false }
        phases[node] = .asked
        return true
    }

    /// The node answered, or it did not.
    ///
    /// - Returns: whether its route is open now.
    mutating func answered(_ node: NodeIdentity, isWanted: Bool) -> Bool {
        switch phases[node] {
        case .asked:
            phases[node] = isWanted ? .open : nil
            return isWanted
        case .open, nil:
            assertionFailure("\(node.id) answers whether it takes HTTP, and was not asked")
            return false
        }
    }

    /// - Returns: whether it was open. A node that is being asked stays so.
    mutating func close(_ node: NodeIdentity) -> Bool {
        switch phases[node] {
        case .open:
            phases[node] = nil
            return true
        case .asked, nil:
            return false
        }
    }

    /// - Returns: those that were open.
    mutating func closeAll() -> [NodeIdentity] {
        let open = phases.compactMap { $0.value == .open ? $0.key : nil }.sorted { $0.id < $1.id }
        for node in open { phases[node] = nil }
        return open
    }
}
