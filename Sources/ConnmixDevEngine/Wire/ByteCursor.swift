import NIOCore

/// Writes the parts of a frame one after the other into room that was measured before: a buffer is asked once, not for each part.
struct ByteCursor {
    private let room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= self.room.count - self.count, "a frame is longer than was measured")
        guard let source = bytes.baseAddress, let target = self.room.baseAddress else { return }
        (target + self.count).copyMemory(from: source, byteCount: bytes.count)
        self.count += bytes.count
    }

    mutating func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.write($0) }
    }

    mutating func write(_ text: StaticString) {
        self.write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Big-endian, as the network has it.
    mutating func write(_ integer: some FixedWidthInteger) {
        withUnsafeBytes(of: integer.bigEndian) { self.write($0) }
    }

    /// A non-negative whole number.
    mutating func write(decimal value: Int) {
        let length = Decimal.length(value)
        precondition(length <= self.room.count - self.count, "a frame is longer than was measured")
        var rest = value
        for place in (self.count..<self.count + length).reversed() {
            self.room[place] = UInt8(0x30 + rest % 10)
            rest /= 10
        }
        self.count += length
    }
}

extension ByteBuffer {
    /// Appends what `body` writes, at most `length` bytes.
    mutating func write(atMost length: Int, _ body: (inout ByteCursor) -> Void) {
        self.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { room in
            var cursor = ByteCursor(room)
            body(&cursor)
            return cursor.count
        }
    }
}
