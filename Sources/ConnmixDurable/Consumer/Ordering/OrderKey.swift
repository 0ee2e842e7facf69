/// What must keep its order, or is bounded, as 64 bits: a lane, a client, a channel; a node, a topic.
///
/// Lanes and clients share one space: a handler's answer to the client whose lane it works in needs one key and not two. Two
/// names with the same key (one pair in billions) are merely kept in order with each other.
struct OrderKey: Sendable, Hashable {
    private let bits: UInt64

    private init(_ text: String, seed: UInt64) {
        // FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), finished by a multiply-shift for the low bits.
        var hash = 0xCBF2_9CE4_8422_2325 ^ seed
        text.lend { bytes in
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        }
        bits = (hash ^ (hash >> 32)) &* 0x9E37_79B9_7F4A_7C15
    }

    /// The key of what has none, where one is needed all the same.
    static let nobody = OrderKey("", seed: 0x9E6C_63D0_876A_9A35)
    /// The key of what is paused as a whole.
    static let paused = OrderKey("", seed: 0x3C79_AC49_2BA7_B653)

    static func lane(_ name: String) -> OrderKey { OrderKey(name, seed: 0) }
    static func client(_ id: String) -> OrderKey { OrderKey(id, seed: 0) }
    static func node(_ id: String) -> OrderKey { OrderKey(id, seed: 0x2545_F491_4F6C_DD1D) }
    static func topic(_ name: String) -> OrderKey { OrderKey(name, seed: 0x1405_7B7E_F767_814F) }
    static func arrivals(topic name: String) -> OrderKey { OrderKey(name, seed: 0x94D0_49BB_1331_11EB) }
    static func paused(topic name: String) -> OrderKey { OrderKey(name, seed: 0x1CE4_E5B9_BF58_476D) }
    static func channel(_ name: String) -> OrderKey { OrderKey(name, seed: 0x5851_F42D_4C95_7F2D) }
}

/// Up to two keys, enough for a lane and a target, and a quota that bounds without ordering.
struct OrderKeys: Sendable {
    var first: OrderKey?
    var second: OrderKey?
    var quota: OrderKey?

    init(_ first: OrderKey?, _ second: OrderKey? = nil, quota: OrderKey? = nil) {
        self.quota = quota
        self.first = first ?? second
        self.second = first == nil || second == first ? nil : second
    }

    @inline(__always)
    func forEach(_ body: (OrderKey) -> Void) {
        if let first { body(first) }
        if let second { body(second) }
    }
}
