/// What a center lists: what can be used of it, and what is left out. Pure.
struct Directory: Sendable, Equatable {
    /// Several may have one id or one address: which one counts, `ClusterMachine` decides.
    var nodes: [NodeIdentity] = []
    /// Entries that are left out; the others count all the same.
    var skipped: [Skipped] = []

    struct Skipped: Sendable, Equatable {
        /// As far as they can be read: a known node with this id or this address is not missing from the list.
        var id: String?
        var address: NodeAddress?
        /// Which entry, and why; bounded and escaped.
        var reason: String
    }

    /// So many reasons are told; a list may have thousands of bad entries.
    private static let reasonLimit = 3

    /// What is left out, in a line that does not depend on the list's order; `nil` where nothing is.
    static func trouble(_ skipped: [Skipped]) -> String? {
        guard !skipped.isEmpty else { return nil }
        let reasons = Set(skipped.map(\.reason)).sorted()
        var text = "of what the center lists, \(skipped.count == 1 ? "one entry is" : "\(skipped.count) entries are") left out: "
        text += reasons.prefix(reasonLimit).joined(separator: "; ")
        if reasons.count > reasonLimit { text += "; and \(reasons.count - reasonLimit) more" }
        return text
    }

    /// One id at several addresses, as far as the list alone tells it: a consumer keeps one connection an id.
    var doubles: [Skipped] {
        var first: [String: NodeAddress] = [:]
        return nodes.compactMap { node in
            guard let known = first[node.id] else {
                first[node.id] = node.address
                return nil
            }
            return known == node.address ? nil : .double(node, kept: known)
        }
    }
}

extension Directory.Skipped {
    /// One id is one connection: pauses and commands go by the id.
    static func double(_ node: NodeIdentity, kept address: NodeAddress) -> Self {
        Self(
            id: node.id, address: node.address,
            reason: "node \(Quoted.text(node.id)) is listed at \(node.address) and is \(address), one connection an id")
    }
}
