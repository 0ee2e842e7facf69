/// The last bytes of something long.
struct ByteTail {
    private let limit: Int
    private var bytes: [UInt8] = []

    init(limit: Int = 4_096) {
        self.limit = limit
    }

    mutating func append(_ more: some Collection<UInt8>) {
        bytes += more
        if bytes.count > limit { bytes.removeFirst(bytes.count - limit) }
    }

    /// As text, without the white space around it.
    var text: String {
        var text = String(decoding: bytes, as: UTF8.self)[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }
}
