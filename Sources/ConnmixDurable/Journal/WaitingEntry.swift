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

    /// - Throws: `corrupt` where its attempts cannot be counted any further.
    init(_ row: Statement) throws(ConnmixError) {
        id = row.int(0)
        attempts = row.count(1)
        guard attempts == row.int(1) else {
            throw ConnmixError(
                .corrupt,
                "journal entry \(id) has had \(row.int(1)) attempts, which cannot be; discard it (journal discard --id \(id)) or restore a backup"
            )
        }
        flags = EntryFlags(rawValue: row.int(2))
        topic = row.text(3)
        node = row.text(4)
        client = row.text(5)
        receivedAt = row.time(6)
        availableAt = row.time(7)
        lane = row.optionalText(8)
        self.row = row
    }

    /// The payload. Only inside the scan that produced the entry: most scanned entries are never asked.
    func withData<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
        row.withBytes(9, body)
    }
}
