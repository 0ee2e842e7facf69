import NIOCore

/// The last commands, oldest first.
struct CommandLog {
    private var records = CircularBuffer<CommandRecord>()

    mutating func append(_ record: CommandRecord, limit: Int) {
        while self.records.count >= max(limit, 1) { self.records.removeFirst() }
        self.records.append(record)
    }

    mutating func removeAll() { self.records.removeAll() }

    var all: [CommandRecord] { Array(self.records) }
}
