/// How much may be in memory, in rows and bytes: in all, of one key, and under one quota. Pure.
///
/// A single row may be larger than all bounds of bytes.
struct WindowBounds: Sendable {
    /// So many rows, of so many bytes.
    struct Load: Sendable, Equatable {
        var rows = 0
        var bytes = 0
    }

    let rows: Int
    let bytes: Int
    let rowsOfKey: Int

    private var rowsOfQuota: Int { max(1, rows / 8) }
    private var fewestRowsOfQuota: Int { max(2, rows / 64) }

    func hasRoom(beside all: Load) -> Bool { all.rows < rows && all.bytes < bytes }

    /// How many rows may be read from the file; `nil` where it is not worth a look.
    func roomForPass(beside all: Load) -> Int? {
        let room = rows - all.rows
        return room > rows / 4 && all.bytes <= bytes / 4 * 3 ? room : nil
    }

    // MARK: A key

    func isFull(key: Load) -> Bool { key.rows >= rowsOfKey || key.bytes >= bytes / 8 }
    /// A key that was full is looked at again when half of it is free, and not for each row.
    func hasRoomAgain(key: Load) -> Bool { key.rows <= rowsOfKey / 2 && key.bytes <= bytes / 16 }

    // MARK: A quota

    /// - Parameter rowsOfAll: how many rows have a quota. Where they have half of the window, each quota still has a little.
    func isFull(quota: Load, rowsOfAll: Int) -> Bool {
        quota.rows >= mostRows(rowsOfAll: rowsOfAll) || quota.bytes >= bytes / 4
    }

    func hasRoomAgain(quota: Load, rowsOfAll: Int) -> Bool {
        quota.rows <= mostRows(rowsOfAll: rowsOfAll) / 2 && quota.bytes <= bytes / 8
    }

    private func mostRows(rowsOfAll: Int) -> Int { rowsOfAll < rows / 2 ? rowsOfQuota : fewestRowsOfQuota }
}
