internal import Glibc

/// Keys of WebSocket masks: four bytes each from the system's random numbers, fetched many at a time. Nobody may foresee one.
///
/// One question to the kernel for each mask took a tenth of a command's way out.
struct MaskKeys {
    private var keys: [UInt32] = []

    /// So many at a time: the kernel gives 256 bytes at most.
    private static let stock = 64

    mutating func next() -> UInt32 {
        if let key = keys.popLast() { return key }
        refill()
        return keys.removeLast()
    }

    private mutating func refill() {
        keys = Array(unsafeUninitializedCapacity: Self.stock) { free, count in
            let bytes = UnsafeMutableRawBufferPointer(free)
            if let base = bytes.baseAddress, getentropy(base, bytes.count) == 0 {
                count = Self.stock
            } else {
                // A kernel without the call, or a sandbox that forbids it; Swift knows other ways.
                count = 1
                free.initializeElement(at: 0, to: .random(in: .min ... .max))
            }
        }
    }
}
