/// The system's random numbers.
///
/// `SystemRandomNumberGenerator` is empty, and Thread Sanitizer looks at the address of whatever is passed `inout`, also of what has none:
/// it ends the process there (Swift 6.3). This one has a byte.
struct Chance: RandomNumberGenerator, Sendable {
    private var place: UInt8 = 0

    mutating func next() -> UInt64 { .random(in: .min ... .max) }
}
