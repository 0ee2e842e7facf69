/// A command that is not settled yet, as it is loaded from the file.
struct OpenCommand {
    let id: Int64
    let columns: NewCommand
    let attempts: Int
    let writes: Int
    let enqueuedAt: Int64
    let availableAt: Int64
    let expiresAt: Int64?
    let data: [UInt8]

    init(_ row: Statement) {
        id = row.int(0)
        attempts = Int(row.int(2))
        writes = Int(row.int(3))
        columns = NewCommand(
            kind: CommandKind(rawValue: row.int(1)) ?? .request,
            target: row.text(7),
            function: row.optionalText(8),
            flags: CommandFlags(rawValue: row.int(4)),
            messageID: row.optionalInt(5),
            node: row.optionalText(6),
            lane: row.optionalText(9))
        enqueuedAt = row.int(10)
        availableAt = row.int(11)
        data = row.bytes(12)
        expiresAt = row.optionalInt(13)
    }
}
