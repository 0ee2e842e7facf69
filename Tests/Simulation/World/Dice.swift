/// A generator (SplitMix64) whose run can be repeated, with the questions that the simulation asks.
struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// For a purpose of its own: what one of them is asked changes nothing for the others.
    init(seed: UInt64, for purpose: StaticString) {
        var hash = Digest()
        hash.add(seed)
        purpose.withUTF8Buffer { for byte in $0 { hash.add(UInt64(byte)) } }
        state = hash.value
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { limit <= 1 ? 0 : Int(next() % UInt64(limit)) }
    mutating func time(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }
    mutating func happens(oneIn count: Int) -> Bool { below(count) == 0 }
}

/// What a run was, in eight bytes: two runs with one value did the same (FNV-1a over words).
struct Digest: Sendable {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01B3
        value ^= value >> 29
    }
}
