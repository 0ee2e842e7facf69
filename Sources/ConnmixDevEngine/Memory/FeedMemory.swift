import NIOCore

/// A feed's numbers: what is left to push, for whom, and what came back.
struct FeedMemory {
    let count: Int
    let clients: [UInt64]
    let digits: [[UInt8]]
    let pad: [UInt8]
    /// Messages per nanosecond.
    let rate: Double?
    let start: UInt64
    var isStopped = false

    private(set) var pushed = 0
    var popped = 0
    private(set) var answered = 0
    var calls = 0
    private(set) var answeredPerClient: [Int]
    private(set) var texts: [[String]]?

    private static let head: StaticString = #"{"frame":{"type":"text","data":"{\"seq\":"#
    private static let middle: StaticString = #",\"pad\":\""#
    private static let tail: StaticString = #"\"}","finish":true}}"#

    init(count: Int, clients: [UInt64], payloadBytes: Int, perSecond: Double?, recordsTexts: Bool, now: UInt64) {
        self.count = count
        self.clients = clients
        self.digits = clients.map { Array(String($0).utf8) }
        let fixed = Self.head.utf8CodeUnitCount + Self.middle.utf8CodeUnitCount + Self.tail.utf8CodeUnitCount + 4
        self.pad = [UInt8](repeating: UInt8(ascii: "x"), count: max(0, payloadBytes - fixed))
        self.rate = perSecond.map { $0 / 1e9 }
        self.start = now
        self.answeredPerClient = [Int](repeating: 0, count: clients.count)
        self.texts = recordsTexts ? [[String]](repeating: [], count: clients.count) : nil
    }

    /// How many may be pushed now.
    func due(now: UInt64) -> Int {
        guard !self.isStopped else { return 0 }
        guard let rate = self.rate else { return self.count - self.pushed }
        let allowed = min(Double(self.count), Double(now &- self.start) * rate)
        return max(0, Int(allowed) - self.pushed)
    }

    /// A frame reached the client at `place`.
    mutating func receive(for place: Int, content: () -> [UInt8]) {
        self.answered += 1
        self.answeredPerClient[place] += 1
        if self.texts != nil { self.texts?[place].append(String(decoding: content(), as: UTF8.self)) }
    }

    /// The next `number` events, rendered one after the other in one buffer.
    mutating func render(_ number: Int, template: EventTemplate) -> [ByteBuffer] {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(number * (self.pad.count + 220))
        var ends: [Int] = []
        ends.reserveCapacity(number)
        for _ in 0..<number {
            let place = self.pushed % self.clients.count
            let sequence = self.pushed / self.clients.count
            let fixed =
                Self.head.utf8CodeUnitCount + Self.middle.utf8CodeUnitCount + Self.tail.utf8CodeUnitCount
                + self.pad.count
            template.write(
                client: self.digits[place], dataLength: fixed + Decimal.length(sequence), into: &buffer
            ) { cursor in
                cursor.write(Self.head)
                cursor.write(decimal: sequence)
                cursor.write(Self.middle)
                cursor.write(self.pad)
                cursor.write(Self.tail)
            }
            ends.append(buffer.writerIndex)
            self.pushed += 1
        }
        return ends.compactMap { end in buffer.readSlice(length: end - buffer.readerIndex) }
    }
}
