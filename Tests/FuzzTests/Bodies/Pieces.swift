import TestSupport

extension UnsafeRawBufferPointer {
    /// The same bytes cut into pieces, at places that depend on nothing but the bytes.
    var pieces: [UnsafeRawBufferPointer] {
        // FNV-1a.
        let hash = reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        var generator = SeededGenerator(seed: hash)
        var pieces: [UnsafeRawBufferPointer] = []
        var start = 0
        while start < count {
            let longest = Swift.min(count - start, generator.next() % 3 == 0 ? 64 : 3)
            let end = start + 1 + Int(generator.next() % UInt64(longest))
            pieces.append(UnsafeRawBufferPointer(rebasing: self[start..<end]))
            start = end
        }
        return pieces
    }

    /// What stands before the first of these bytes, and behind it.
    func parts(at separator: UInt8) -> (UnsafeRawBufferPointer, UnsafeRawBufferPointer) {
        guard let place = firstIndex(of: separator) else { return (self, UnsafeRawBufferPointer(rebasing: self[count...])) }
        return (UnsafeRawBufferPointer(rebasing: self[..<place]), UnsafeRawBufferPointer(rebasing: self[(place + 1)...]))
    }

    var text: String { String(decoding: self, as: UTF8.self) }
}
