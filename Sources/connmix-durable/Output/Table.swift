import ConnmixDurable

/// Rows and aligned columns.
struct Table {
    struct Column {
        var title: String
        /// Numbers stand at the right.
        var isNumber = false
        /// At least so wide, so that the parts of a stream are aligned.
        var least = 0
        /// Wider texts are cut, on a terminal.
        var limit: Int?
        /// Takes the room that the others leave, on a terminal.
        var isFlexible = false
        var colour: (@Sendable (String) -> Colour?)?
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// No cell has more bytes: a column has room for so many characters, but one of them may be of any length.
    private static let cellLimit = 8_192

    /// Of a table that is not for a terminal no column is filled up further.
    private static let paddingLimit = 160

    /// Adds a row. Everything is bounded and escaped here: no cell can act on a terminal.
    mutating func add(_ cells: [String]) {
        rows.append(cells.map { $0.boundedForPeople(Self.cellLimit).escapedForTerminal })
    }

    func text(_ terminal: Terminal) -> String {
        let widths = widths(terminal)
        var result = line(columns.map(\.title), widths, terminal) { _, _ in .dim }
        for row in rows {
            result += line(row, widths, terminal) { column, cell in columns[column].colour?(cell) }
        }
        return terminal.fitting(result)
    }

    private func line(
        _ cells: [String], _ widths: [Int], _ terminal: Terminal, colour: (Int, String) -> Colour?
    ) -> String {
        var result = ""
        for (index, cell) in cells.enumerated() {
            let isLast = index == columns.count - 1
            let text = terminal.width == nil ? cell : cell.cut(to: widths[index])
            // Trailing blanks would wrap on a terminal that was made narrower.
            let padded =
                isLast && !columns[index].isNumber
                ? text : text.padded(to: widths[index], atRight: !columns[index].isNumber)
            result += terminal.paint(padded, colour(index, cell)) + (isLast ? "" : "  ")
        }
        while result.last == " " { result.removeLast() }
        return result + "\n"
    }

    private func widths(_ terminal: Terminal) -> [Int] {
        var widths = columns.map { max($0.least, $0.title.displayWidth) }
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.displayWidth) }
        }
        // Nothing is cut there, and one long cell does not push the others out of sight.
        guard let width = terminal.width else { return widths.map { min($0, Self.paddingLimit) } }
        for (index, column) in columns.enumerated() {
            if let limit = column.limit { widths[index] = min(widths[index], max(limit, column.title.displayWidth)) }
        }
        // What the fixed columns leave is shared by the flexible ones; what one does not need goes to the next.
        var flexible = columns.indices.filter { columns[$0].isFlexible }.sorted { widths[$0] < widths[$1] }
        let fixed = columns.indices.filter { !columns[$0].isFlexible }.reduce(0) { $0 + widths[$1] }
        var left = max(0, width - fixed - 2 * (columns.count - 1))
        while let index = flexible.first {
            widths[index] = min(widths[index], max(8, left / flexible.count))
            left = max(0, left - widths[index])
            flexible.removeFirst()
        }
        return widths
    }
}
