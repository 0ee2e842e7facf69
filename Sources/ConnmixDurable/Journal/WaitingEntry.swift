/// A waiting entry as the consumer loads it.
struct WaitingEntry {
    let id: Int64
    let attempts: Int
    let flags: EntryFlags
    let topic: String
    let node: String
    let client: String
    let receivedAt: Int64
    let availableAt: Int64
    let lane: String?
    private let row: Statement

    init(_ row: Statement) {
        id = row.int(0)
        attempts = Int(row.int(1))
        flags = EntryFlags(rawValue: row.int(2))
        topic = row.text(3)
        node = row.text(4)
        client = row.text(5)
        receivedAt = row.int(6)
        availableAt = row.int(7)
        lane = row.optionalText(8)
        self.row = row
    }

    /// The payload. Only inside the scan that produced the entry: most scanned entries are never asked.
    func withData<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
        row.withBytes(9, body)
    }
}
