/// How long finished work is kept.
///
/// Entries that are done or were replayed, and commands that were sent, are deleted, oldest first, a slice with each commit, so that a
/// consumer at full speed does not stand still for it. What is dead, discarded, or otherwise unusual is never deleted: somebody may want to look. Only
/// acknowledgements that found their end user gone are deleted like those that did not.
public struct Retention: Sendable, Equatable {
    /// Deleted when they are older: up to ten years; 0 or `nil`: kept, whatever their age.
    public var age: Duration?
    /// The oldest are deleted while the database holds more bytes than this, 1 MiB at least; 0 or `nil`: kept, whatever its size. Space
    /// that is freed is used again; the file itself does not shrink.
    public var bytes: Int64?

    /// The defaults keep everything. Ranges are checked when the consumer starts.
    public init(age: Duration? = nil, bytes: Int64? = nil) {
        self.age = age
        self.bytes = bytes
    }

    /// 0 means off, as it does elsewhere: never that all is deleted at once.
    var withoutZeros: Retention {
        Retention(age: age == .zero ? nil : age, bytes: bytes == 0 ? nil : bytes)
    }
}
