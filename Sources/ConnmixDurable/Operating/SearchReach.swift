/// How far one read of a search goes.
struct SearchReach {
    /// Rows that it goes over.
    var rows: Int
    /// The id of the last of them; `nil` where there are no more.
    var edge: Int64?
}
