import ConnmixDurable

/// A line of an export: the keys of a list, and what else an import needs to make the entry anew.
enum ExportLine {
    /// Of the failed attempts of one entry so many are written, the newest.
    static let attemptLimit = 1_000

    static func json(_ entry: JournalRecord, _ attempts: [AttemptRecord]) -> [UInt8] {
        var line = JSONWriter()
        line.object { writer in
            writer.members(of: entry)
            writer.key("lane"); writer.string(entry.lane)
            writer.key("client_is_number"); writer.bool(entry.clientIsNumber)
            writer.log(of: attempts)
        }
        return line.bytes
    }
}

extension JournalRecord {
    /// Whether its payload is a frame that was not understood: it names nobody then, whatever became of it since.
    var isUnreadable: Bool { topic.isEmpty || client.isEmpty }
}
