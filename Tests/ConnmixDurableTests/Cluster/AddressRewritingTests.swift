import Testing

@testable import ConnmixDurable

@Suite("rewriting of addresses")
struct AddressRewritingTests {
    private func node(_ id: String, _ host: String, _ port: Int) -> NodeIdentity {
        NodeIdentity(id: id, address: NodeAddress(host: host, port: port))
    }

    @Test("nodes are reached where the rewriting says")
    func rewritten() {
        let rewriting = AddressRewriting { NodeAddress(host: "localhost", port: $0.port + 1) }
        #expect(
            rewriting.apply(to: .init(nodes: [node("a", "10.0.0.1", 1), node("b", "10.0.0.1", 2)]))
                == .init(nodes: [node("a", "localhost", 2), node("b", "localhost", 3)]))
        let list = Directory(nodes: [node("a", "h", 1), node("b", "h", 1)])
        #expect(AddressRewriting().apply(to: list) == list)
    }

    @Test("two nodes that come to one address: one connection, and a word about it")
    func collision() {
        let rewriting = AddressRewriting { NodeAddress(host: "localhost", port: $0.port) }
        let nodes = [node("a", "10.0.0.1", 1), node("b", "10.0.0.2", 1), node("c", "10.0.0.1", 1)]
        let directory = rewriting.apply(to: .init(nodes: nodes))
        #expect(directory.nodes == [node("a", "localhost", 1), node("c", "localhost", 1)])
        #expect(directory.skipped.map(\.id) == ["b"])
        #expect(directory.skipped.first?.reason.contains("b at 10.0.0.2:1") == true)
    }

    @Test("P12: a node whose address is none after rewriting is left out, never a trap", arguments: [0, -1, 65_536, .max])
    func nonsense(port: Int) {
        let list = Directory(nodes: [node("a", "h", 1), node("b", "h", 2)])
        for rewritten in [NodeAddress(host: "h", port: port), NodeAddress(host: "", port: 1)] {
            let directory = AddressRewriting { $0.port == 1 ? rewritten : $0 }.apply(to: list)
            #expect(directory.nodes == [node("b", "h", 2)])
            #expect(directory.skipped.map(\.id) == ["a"])
            #expect(directory.skipped.first?.reason.contains("check --rewrite") == true)
        }
    }

    @Test("what was left out before is told with the rest")
    func passedOn() {
        let skipped = Directory.Skipped(id: "x", address: NodeAddress(host: "h", port: 1), reason: "odd")
        let directory = AddressRewriting { NodeAddress(host: "localhost", port: $0.port) }.apply(to: .init(skipped: [skipped]))
        #expect(directory.skipped == [.init(id: "x", address: NodeAddress(host: "localhost", port: 1), reason: "odd")])
    }
}
