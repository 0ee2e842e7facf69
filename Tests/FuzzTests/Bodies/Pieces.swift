import TestSupport

extension UnsafeRawBufferPointer {
    /// FNV-1a: what is drawn for an input depends on nothing but its bytes, so that a finding can be repeated.
    var hash: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in self { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    /// The same bytes cut at up to 11 places, two cuts in three close to the one before.
    var pieces: [UnsafeRawBufferPointer] {
        var generator = SeededGenerator(seed: hash)
        let most = Int(generator.next() % 11)
        var pieces: [UnsafeRawBufferPointer] = []
        var start = 0
        while start < count {
            let left = count - start
            let longest = pieces.isEmpty || generator.next() % 3 == 0 ? left : Swift.min(left, 3)
            let end = pieces.count > most ? count : start + 1 + Int(generator.next() % UInt64(longest))
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
