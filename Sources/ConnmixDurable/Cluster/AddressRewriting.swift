/// Reaches nodes that name themselves by an address of their own network. Pure.
struct AddressRewriting: Sendable {
    var rewrite: @Sendable (NodeAddress) -> NodeAddress = { $0 }

    /// What the center lists, as it is reached from here.
    ///
    /// Two nodes that come to one address are one connection: the first one listed, since messages would be named after the
    /// wrong node otherwise. A node whose address is rewritten to none is left out.
    func apply(to directory: Directory) -> Directory {
        var original: [NodeAddress: NodeIdentity] = [:]
        var result = Directory()
        for node in directory.nodes {
            let address = rewrite(node.address)
            guard Self.isAddress(address) else {
                result.skipped.append(
                    .init(
                        id: node.id,
                        reason: "node \(Quoted.text(node.id)): \(node.address) is rewritten to "
                            + "\(Quoted.text(address.description)), which is no address; check --rewrite or rewriteAddress"))
                continue
            }
            if let first = original[address], first.address != node.address {
                result.skipped.append(
                    .init(
                        id: node.id,
                        reason: "the nodes \(first) and \(node) are both rewritten to \(address); only the first is consumed, "
                            + "so check --rewrite or rewriteAddress"))
                continue
            }
            original[address] = original[address] ?? node
            result.nodes.append(NodeIdentity(id: node.id, address: address))
        }
        result.skipped += directory.skipped.map { entry in
            var entry = entry
            entry.address = entry.address.map(rewrite)
            return entry
        }
        return result
    }

    private static func isAddress(_ address: NodeAddress) -> Bool {
        !address.host.isEmpty && (1...65_535).contains(address.port)
    }
}
