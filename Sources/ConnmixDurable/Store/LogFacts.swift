/// What the log holds at a moment, in pages.
struct LogFacts: Equatable {
    /// How many pages are in it. They begin anew when it starts over.
    var pages: Int
    /// How many of them are in the database file, too.
    var moved: Int
    /// Up to which page the readers at each read mark look; what is not in use may have any value.
    var marks: [UInt32] = []

    /// What a checkpoint might move.
    var unmoved: Int { max(0, pages - moved) }

    /// Who keeps it from starting over.
    static func words(readers: [Int32]) -> String {
        let names = readers.prefix(5).map(String.init).joined(separator: ", ")
        return readers.count == 1
            ? "process \(names) reads an old state of it, and so it cannot start over; end that reader"
            : "processes \(names)\(readers.count > 5 ? " and others" : "") read an old state of it, and so it cannot start over; end those readers"
    }
}
