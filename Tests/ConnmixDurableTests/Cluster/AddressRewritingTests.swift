import Testing

@testable import ConnmixDurable

@Suite("rewriting of addresses")
struct AddressRewritingTests {
    private func node(_ id: String, _ host: String, _ port: Int) -> NodeIdentity {
        NodeIdentity(id: id, address: NodeAddress(host: host, port: port))
    }

    @Test("nodes are reached where the rewriting says")
    func rewritten() throws {
        let rewriting = AddressRewriting { NodeAddress(host: "localhost", port: $0.port + 1) }
        #expect(
            try rewriting.apply(to: [node("a", "10.0.0.1", 1), node("b", "10.0.0.1", 2)])
                == .init(nodes: [node("a", "localhost", 2), node("b", "localhost", 3)]))
        let list = [node("a", "h", 1), node("b", "h", 1)]
        #expect(try AddressRewriting().apply(to: list) == .init(nodes: list))
    }

    @Test("two nodes that come to one address: one connection, and a word about it")
    func collision() throws {
        let rewriting = AddressRewriting { NodeAddress(host: "localhost", port: $0.port) }
        let directory = try rewriting.apply(to: [node("a", "10.0.0.1", 1), node("b", "10.0.0.2", 1), node("c", "10.0.0.1", 1)])
        #expect(directory.nodes == [node("a", "localhost", 1), node("c", "localhost", 1)])
        #expect(directory.trouble?.contains("b at 10.0.0.2:1") == true)
    }

    @Test("P12: an address that is none after rewriting is an error, never a trap", arguments: [0, -1, 65_536, .max])
    func nonsense(port: Int) {
        #expect(throws: ConnmixError.self) {
            try AddressRewriting { _ in NodeAddress(host: "h", port: port) }.apply(to: [node("a", "h", 1)])
        }
        #expect(throws: ConnmixError.self) {
            try AddressRewriting { _ in NodeAddress(host: "", port: 1) }.apply(to: [node("a", "h", 1)])
        }
    }
}
