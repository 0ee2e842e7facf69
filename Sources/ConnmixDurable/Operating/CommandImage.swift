/// The columns of a command that operators change, as they were.
struct CommandImage: Equatable {
    var state: CommandState
    var attempts: Int64
    var stateAt: Int64
    var expiresAt: Int64?
    var flags: Int64

    var json: String {
        let expiry = expiresAt.map { ",\"expires_at\":\($0)" } ?? ""
        return
            "{\"state\":\(state.rawValue),\"attempts\":\(attempts),\"state_at\":\(stateAt),\"flags\":\(flags)\(expiry)}"
    }
}

extension CommandImage {
    init(json: String, of id: Int64, _ connection: Connection) throws {
        try connection.checkJSON(json, "the before-image of command \(id)")
        let select = try connection.statement(
            """
            SELECT json_extract(?1, '$.state'), json_extract(?1, '$.attempts'), json_extract(?1, '$.state_at'),
                json_extract(?1, '$.expires_at'), json_extract(?1, '$.flags')
            """)
        select.bind(1, json)
        guard let image = try select.first({ try CommandImage($0, "the before-image of command \(id)") }) else {
            throw ConnmixError(.corrupt, "the before-image of command \(id) is unreadable; restore a backup")
        }
        self = image
    }

    /// - Parameter what: the row, for people.
    init(_ row: Statement, _ what: String) throws(ConnmixError) {
        self.init(
            state: try row.known(0, "state", of: what), attempts: row.int(1), stateAt: row.int(2), expiresAt: row.optionalInt(3),
            flags: row.int(4))
    }
}
