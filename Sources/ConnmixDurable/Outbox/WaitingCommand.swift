/// A command that is not settled yet, as it is loaded from the file.
struct WaitingCommand {
    let id: Int64
    let columns: NewCommand
    let attempts: Int
    let writes: Int
    let enqueuedAt: Int64
    let availableAt: Int64
    let expiresAt: Int64?
    let data: [UInt8]

    /// - Throws: `corrupt` where its kind is unknown.
    init(_ row: Statement) throws(ConnmixError) {
        id = row.int(0)
        attempts = row.count(2)
        writes = row.count(3)
        columns = NewCommand(
            kind: try row.known(1, "kind", of: "command \(id)"),
            target: row.text(7),
            function: row.optionalText(8),
            flags: CommandFlags(rawValue: row.int(4)),
            messageID: row.optionalInt(5),
            node: row.optionalText(6),
            lane: row.optionalText(9))
        enqueuedAt = row.time(10)
        availableAt = row.time(11)
        data = row.bytes(12)
        expiresAt = row.optionalTime(13)
    }
}
