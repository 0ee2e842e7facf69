extension String {
    /// Lends the text's UTF-8 without copying it, where it is a native string.
    @inline(__always)
    func lend<T>(_ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T {
        if let result = try utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = self
        return try copy.withUTF8(body)
    }
}
