/// Numbers that were seen, a bit each.
struct Bits: Sendable {
    private var words: [UInt64] = []
    private(set) var count = 0

    /// False where it was there.
    mutating func insert(_ number: Int) -> Bool {
        let (word, bit) = (number / 64, UInt64(1) << UInt64(number % 64))
        if word >= words.count { words += Array(repeating: 0, count: word - words.count + 64) }
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        count += 1
        return true
    }

    func contains(_ number: Int) -> Bool {
        number / 64 < words.count && words[number / 64] & (1 << UInt64(number % 64)) != 0
    }

    /// The first that is missing.
    var gap: Int { (0...).first { !contains($0) }! }
}
