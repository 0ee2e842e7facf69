struct EntryFlags: OptionSet {
    let rawValue: Int64

    static let clientIsNumber = Self(rawValue: 1)
    /// May have killed the process that handled it, and is handled alone until an attempt has finished.
    static let suspect = Self(rawValue: 2)
    /// Is being handled, and nothing else is: a crash now is its fault.
    static let alone = Self(rawValue: 4)
}
