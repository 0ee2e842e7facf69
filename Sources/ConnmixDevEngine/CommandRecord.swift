/// One command, as the engine saw it.
public struct CommandRecord: Sendable, Hashable {
    /// Order of arrival in the whole mesh, from 1.
    public var number: Int
    /// Id of the node that received it.
    public var node: String
    /// The API connection it came on; 0 for HTTP.
    public var connection: Int
    /// As the wire has it, such as `mesh.send`, also where the engine knows no such method; `other` where none is named.
    public var method: String
    /// Client or channel; empty for `queue.*`.
    public var target: String
    /// Of `conn.call`; otherwise empty.
    public var function: String
    /// `d` decoded (`mesh.*`), `a` as JSON (`conn.call`), otherwise `p` as JSON.
    public var payload: [UInt8]

    /// The payload as text.
    public var text: String { String(decoding: self.payload, as: UTF8.self) }
}
