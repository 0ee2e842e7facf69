/// Reaches nodes that name themselves by an address of their own network. Pure.
struct AddressRewriting: Sendable {
    var rewrite: @Sendable (NodeAddress) -> NodeAddress = { $0 }

    /// What the center lists, as it is reached from here.
    struct Directory: Sendable, Equatable {
        var nodes: [NodeIdentity]
        /// Something that is wrong with it, although it can be used.
        var trouble: String?
    }

    /// Two nodes that come to one address are one connection: the first one listed, since messages would be named after the
    /// wrong node otherwise.
    ///
    /// - Throws: where an address is rewritten to none.
    func apply(to list: [NodeIdentity]) throws(ConnmixError) -> Directory {
        var original: [NodeAddress: NodeIdentity] = [:]
        var directory = Directory(nodes: [])
        for node in list {
            let address = rewrite(node.address)
            guard !address.host.isEmpty, (1...65_535).contains(address.port) else {
                throw ConnmixError(
                    .unreachable,
                    "the address \(node.address) is rewritten to \(address), which is none; check --rewrite or rewriteAddress")
            }
            if let first = original[address], first.address != node.address {
                directory.trouble =
                    directory.trouble
                    ?? "the nodes \(first) and \(node) are both rewritten to \(address); only the first is consumed, "
                    + "so check --rewrite or rewriteAddress"
                continue
            }
            original[address] = original[address] ?? node
            directory.nodes.append(NodeIdentity(id: node.id, address: address))
        }
        return directory
    }
}
