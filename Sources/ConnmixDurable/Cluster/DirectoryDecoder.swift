internal import FoundationEssentials

/// Reads what the center says. Anything it may say wrongly is a clear error, never a trap.
enum DirectoryDecoder {
    /// More nodes than this are taken for nonsense.
    static let nodeLimit = 4_096

    /// The api versions of `GET /version`.
    static func versions(_ body: [UInt8]) throws(ConnmixError) -> [String] {
        struct Version: Decodable {
            var apis: [String]?
            var api: [String]?  // up to April 2022
        }
        let version: Version = try decode(body, "GET /version")
        return version.apis ?? version.api ?? []
    }

    /// The nodes of `GET /v1/nodes`, each once. `null` is an empty list: Go writes it so.
    static func nodes(_ body: [UInt8]) throws(ConnmixError) -> [NodeIdentity] {
        struct Answer: Decodable {
            var nodes: [Node]?
        }
        struct Node: Decodable {
            var id: Identifier
            var api_server: String
        }
        let answer: Answer = try decode(body, "GET /v1/nodes")
        let nodes = answer.nodes ?? []
        guard nodes.count <= nodeLimit else {
            throw ConnmixError(
                .unreachable, "the center lists \(nodes.count) nodes, more than \(nodeLimit); is it a connmix center?")
        }
        var seen: Set<NodeIdentity> = []
        var identities: [NodeIdentity] = []
        for node in nodes {
            let identity = NodeIdentity(id: node.id.text, address: try NodeAddress(node.api_server))
            if seen.insert(identity).inserted { identities.append(identity) }
        }
        return identities
    }

    /// Node ids are text in every log of the documentation and an integer in its only event.
    private struct Identifier: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else {
                text = String(try container.decode(Int64.self))
            }
            guard !text.isEmpty, text.utf8.count <= 256 else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "the id is empty or too long")
            }
        }
    }

    private static func decode<T: Decodable>(_ body: [UInt8], _ what: String) throws(ConnmixError) -> T {
        do {
            return try JSONDecoder().decode(T.self, from: Data(body))
        } catch {
            throw ConnmixError(
                .unreachable, "the center's answer to \(what) is not what a connmix center says; check the address")
        }
    }
}
