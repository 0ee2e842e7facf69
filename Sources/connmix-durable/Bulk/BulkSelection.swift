/// Which rows an action on many is about.
struct BulkSelection {
    /// What was asked for, as JSON, for the record.
    let filter: String
    let ids: [Int64]
    /// Ids that were named one by one and are not there.
    let missing: [Int64]
}
