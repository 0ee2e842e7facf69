/// Rows of one table, inserted eight at a time.
///
/// SQLite begins and ends a statement as often for eight rows as for one: a journal row costs 1.3 microseconds so, and 1.9 alone. What
/// the rows hold is copied into an arena of the connection's, so that nobody has to keep it until the statement has run.
///
/// Nothing is in the table before `finish`. While there is one batch of a connection there is no other.
struct RowBatch {
    static let rows = 8
    /// A row that has more bytes is inserted by itself.
    static let rowBytes = 8_192

    private let scratch: Scratch
    private let one: Statement
    private let many: Statement
    private let columns: Int

    /// - Parameters:
    ///   - one: inserts one row.
    ///   - many: inserts as many as there are in a batch.
    init(_ connection: Connection, one: StaticString, many: StaticString) throws {
        self.one = try connection.statement(one)
        self.many = try connection.statement(many)
        scratch = connection.scratch
        columns = self.one.parameterCount
        assert(self.many.parameterCount == columns * Self.rows && columns <= Scratch.columns)
        // An error may have left rows of a transaction that is rolled back.
        scratch.clear()
    }

    /// The next column of the row.
    func add(_ value: Int64?) {
        scratch.add(value.map { .integer($0) } ?? .null)
    }

    /// The next column of the row.
    func add(_ text: String?) {
        guard let text else { return scratch.add(.null) }
        text.lend { utf8 in scratch.add(.text(scratch.copy(UnsafeRawBufferPointer(utf8)))) }
    }

    /// The next column of the row.
    func add(_ bytes: UnsafeRawBufferPointer) {
        scratch.add(.bytes(scratch.copy(bytes)))
    }

    /// All columns of the row are there.
    func endRow() throws {
        assert(scratch.cellCount % columns == 0, "a row has not as many columns as its statement")
        guard scratch.cellCount == columns * Self.rows else { return }
        defer { scratch.clear() }
        for index in 0..<scratch.cellCount { scratch.bind(index, to: many, Int32(index + 1)) }
        try many.run()
    }

    /// Inserts the rows that are left.
    func finish() throws {
        defer { scratch.clear() }
        for row in 0..<scratch.cellCount / columns {
            for column in 0..<columns { scratch.bind(row * columns + column, to: one, Int32(column + 1)) }
            try one.run()
        }
    }

    /// What the rows of a batch hold until their statement has run.
    final class Scratch {
        enum Cell {
            case null
            case integer(Int64)
            case text(Range<Int>)
            case bytes(Range<Int>)
        }

        fileprivate static let columns = 16
        private let arena = UnsafeMutableRawBufferPointer.allocate(byteCount: RowBatch.rows * RowBatch.rowBytes, alignment: 1)
        private let cells = UnsafeMutablePointer<Cell>.allocate(capacity: RowBatch.rows * Scratch.columns)
        private var used = 0
        fileprivate private(set) var cellCount = 0

        deinit {
            arena.deallocate()
            cells.deallocate()
        }

        fileprivate func clear() { (used, cellCount) = (0, 0) }

        fileprivate func add(_ cell: Cell) {
            precondition(cellCount < RowBatch.rows * Self.columns, "a row has more columns than its statement")
            (cells + cellCount).initialize(to: cell)
            cellCount += 1
        }

        fileprivate func copy(_ bytes: UnsafeRawBufferPointer) -> Range<Int> {
            let range = used..<used + bytes.count
            UnsafeMutableRawBufferPointer(rebasing: arena[range]).copyMemory(from: bytes)
            used = range.upperBound
            return range
        }

        fileprivate func bind(_ cell: Int, to statement: Statement, _ index: Int32) {
            switch cells[cell] {
            case .null: break  // as it is after a reset
            case .integer(let value): statement.bind(index, value)
            case .text(let range):
                statement.bindText(index, UnsafeRawBufferPointer(rebasing: arena[range]).assumingMemoryBound(to: UInt8.self))
            case .bytes(let range): statement.bindBytes(index, UnsafeRawBufferPointer(rebasing: arena[range]))
            }
        }
    }
}
