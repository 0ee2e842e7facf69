struct EntryFlags: OptionSet {
    let rawValue: Int64

    static let clientIsNumber = Self(rawValue: 1)
    /// May have killed the process that handled it: no other suspect is handled beside it until an attempt has finished.
    /// (4 was written by earlier versions, and means nothing any more.)
    static let suspect = Self(rawValue: 2)
}
