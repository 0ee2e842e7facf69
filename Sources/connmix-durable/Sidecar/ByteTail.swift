/// The last bytes of something long.
struct ByteTail {
    private let limit: Int
    private var bytes: [UInt8] = []

    /// - Parameter limit: less than what the journal keeps of an error, so that the end is among it.
    init(limit: Int = 3_072) {
        self.limit = limit
    }

    mutating func append(_ more: some Collection<UInt8>) {
        bytes += more
        if bytes.count > limit { bytes.removeFirst(bytes.count - limit) }
    }

    /// As text, without the white space around it.
    var text: String {
        // The first character may have been cut.
        let whole = bytes.drop { $0 & 0xC0 == 0x80 }
        var text = String(decoding: whole, as: UTF8.self)[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }
}
