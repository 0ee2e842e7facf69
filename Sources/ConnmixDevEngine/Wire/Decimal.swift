import NIOCore

/// Non-negative whole numbers as digits, without a String.
enum Decimal {
    static func length(_ value: Int) -> Int {
        var length = 1
        var rest = value / 10
        while rest > 0 {
            length += 1
            rest /= 10
        }
        return length
    }

    static func write(_ value: Int, into buffer: inout ByteBuffer) {
        var divisor = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            buffer.writeInteger(UInt8(0x30 + value / divisor % 10))
            divisor /= 10
        }
    }
}
