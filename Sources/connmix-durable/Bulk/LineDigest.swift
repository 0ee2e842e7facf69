/// Tells whether lines are the same as before. It finds mistakes, not forgeries.
struct LineDigest {
    // FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/).
    private var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private var count = 0

    mutating func add(_ line: [UInt8]) {
        for byte in line { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ 0x0A) &* 0x100_0000_01B3
        count += line.count + 1
    }

    var text: String { "fnv1a:\(String(hash, radix: 16)):\(count)" }
}
