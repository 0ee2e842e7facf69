/// The columns of an entry that operators change, as they were.
struct EntryImage: Equatable {
    var state: EntryState
    var attempts: Int64
    var stateAt: Int64
    /// It is the head of a parked lane.
    var isParked = false

    var json: String {
        let parked = isParked ? ",\"parked\":1" : ""
        return "{\"state\":\(state.rawValue),\"attempts\":\(attempts),\"state_at\":\(stateAt)\(parked)}"
    }
}

extension EntryImage {
    init(json: String, of id: Int64, _ connection: Connection) throws {
        try connection.checkJSON(json, "the before-image of entry \(id)")
        let select = try connection.statement(
            """
            SELECT json_extract(?1, '$.state'), json_extract(?1, '$.attempts'), json_extract(?1, '$.state_at'),
                json_extract(?1, '$.parked') IS NOT NULL
            """)
        select.bind(1, json)
        let image = try select.first { row in
            EntryImage(
                state: try row.known(0, "state", of: "the before-image of entry \(id)"), attempts: row.int(1),
                stateAt: row.int(2),
                isParked: row.int(3) != 0)
        }
        guard let image else {
            throw ConnmixError(.corrupt, "the before-image of entry \(id) is unreadable; restore a backup")
        }
        self = image
    }
}
