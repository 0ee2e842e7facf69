internal import FoundationEssentials

/// Reads what the center says. Anything it may say wrongly is a clear error or an entry left out, never a trap.
enum DirectoryDecoder {
    /// More nodes than this are taken for nonsense.
    static let nodeLimit = 4_096
    /// A longer id is none.
    static let idLimit = 256

    /// The api versions of `GET /version`.
    static func versions(_ body: [UInt8]) throws(ConnmixError) -> [String] {
        struct Version: Decodable {
            var apis: [String]?
            var api: [String]?  // up to April 2022
        }
        let version: Version = try decode(body, "GET /version")
        return version.apis ?? version.api ?? []
    }

    /// The nodes of `GET /v1/nodes`, each once. `null` is an empty list: Go writes it so. A bad entry is left out and said.
    static func nodes(_ body: [UInt8]) throws(ConnmixError) -> Directory {
        let answer: Answer = try decode(body, "GET /v1/nodes")
        var directory = Directory()
        var seen: Set<NodeIdentity> = []
        for entry in answer.entries {
            switch entry.read() {
            case .node(let identity): if seen.insert(identity).inserted { directory.nodes.append(identity) }
            case .skipped(let skipped): directory.skipped.append(skipped)
            }
        }
        return directory
    }

    private struct Answer: Decodable {
        var entries: [Entry] = []

        enum CodingKeys: CodingKey {
            case nodes
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard container.contains(.nodes) else {
                throw ConnmixError(
                    .unreachable, "the center's answer to GET /v1/nodes has no \"nodes\"; is it a connmix center?")
            }
            guard try !container.decodeNil(forKey: .nodes) else { return }
            var list = try container.nestedUnkeyedContainer(forKey: .nodes)
            // Counted before an entry is read: a body of the greatest size has room for two million of them.
            if let count = list.count, count > nodeLimit {
                throw ConnmixError(
                    .unreachable, "the center lists \(count) nodes, more than \(nodeLimit); is it a connmix center?")
            }
            while !list.isAtEnd, entries.count < nodeLimit { entries.append(try list.decode(Entry.self)) }
        }
    }

    /// Decoding it never fails, so that it takes no other one with it.
    private struct Entry: Decodable {
        enum Reading {
            case node(NodeIdentity)
            case skipped(Directory.Skipped)
        }

        private enum Value {
            case missing
            case other
            case text(String)
        }

        private var isObject = false
        private var id = Value.missing
        private var address = Value.missing

        enum CodingKeys: CodingKey {
            case id
            case api_server
        }

        init(from decoder: any Decoder) {
            guard let container = try? decoder.container(keyedBy: CodingKeys.self) else { return }
            isObject = true
            func has(_ key: CodingKeys) -> Bool {
                container.contains(key) && (try? container.decodeNil(forKey: key)) == false
            }
            if has(.id) {
                // Node ids are text in every log of the documentation and an integer in its only event.
                let text =
                    (try? container.decode(String.self, forKey: .id))
                    ?? (try? container.decode(Int64.self, forKey: .id)).map(String.init)
                    ?? (try? container.decode(UInt64.self, forKey: .id)).map(String.init)
                id = text.map { .text($0) } ?? .other
            }
            if has(.api_server) {
                address = (try? container.decode(String.self, forKey: .api_server)).map { .text($0) } ?? .other
            }
        }

        func read() -> Reading {
            guard isObject else { return .skipped(.init(reason: "an entry is no object")) }
            let (id, wrongID) = readID()
            let (address, wrongAddress) = readAddress()
            if let id, let address { return .node(NodeIdentity(id: id, address: address)) }
            let name = id.map { "node \(Quoted.text($0))" } ?? address.map { "the node at \($0)" } ?? "a node"
            let reason = [wrongID, wrongAddress].compactMap { $0 }.joined(separator: ", ")
            return .skipped(.init(id: id, address: address, reason: "\(name): \(reason)"))
        }

        private func readID() -> (String?, wrong: String?) {
            switch id {
            case .missing: (nil, "its id is missing")
            case .other: (nil, "its id is neither text nor a whole number")
            case .text(""): (nil, "its id is empty")
            case .text(let text) where text.utf8.count > idLimit:
                (nil, "its id \(Quoted.text(text, limit: 40)) has more than \(idLimit) bytes")
            case .text(let text) where !text.unicodeScalars.allSatisfy(Quoted.isHarmless):
                (nil, "its id \(Quoted.text(text)) has control characters")
            case .text(let text): (text, nil)
            }
        }

        private func readAddress() -> (NodeAddress?, wrong: String?) {
            switch address {
            case .missing: return (nil, "its api_server is missing")
            case .other: return (nil, "its api_server is no text")
            case .text(let text):
                do throws(ConnmixError) {
                    return (try NodeAddress(text), nil)
                } catch {
                    return (nil, error.message)
                }
            }
        }
    }

    private static func decode<T: Decodable>(_ body: [UInt8], _ what: String) throws(ConnmixError) -> T {
        do {
            return try JSONDecoder().decode(T.self, from: Data(body))
        } catch let error as ConnmixError {
            throw error
        } catch {
            throw ConnmixError(
                .unreachable, "the center's answer to \(what) is not what a connmix center says; check the address")
        }
    }
}
