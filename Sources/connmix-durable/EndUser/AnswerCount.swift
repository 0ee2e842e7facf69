/// Which of the numbered messages were answered, and how long it took. Pure.
///
/// An answer names its message's number, as an echo does. Where no frame names one the first frame answers the first message, and
/// so on: answers to one end user keep their order.
struct AnswerCount {
    private static let prefix = "message "

    let count: Int
    private var sentAt: [ContinuousClock.Instant] = []
    private var named: [Int: Duration] = [:]
    private var unnamedAt: [ContinuousClock.Instant] = []
    /// Frames that answer what was answered already.
    private(set) var repeats = 0
    /// Frames that answer nothing.
    private var strangers = 0

    init(count: Int) {
        self.count = count
    }

    /// Messages are counted from 1.
    static func text(_ number: Int) -> String { prefix + String(number) }

    var sent: Int { sentAt.count }

    /// The next message is sent.
    mutating func send(now: ContinuousClock.Instant) {
        sentAt.append(now)
    }

    mutating func receive(_ text: String, now: ContinuousClock.Instant) {
        guard let number = Self.number(in: text), sentAt.indices.contains(number - 1) else {
            if unnamedAt.count < sent { unnamedAt.append(now) } else { strangers += 1 }
            return
        }
        guard named[number] == nil else { return repeats += 1 }
        named[number] = now - sentAt[number - 1]
    }

    /// What follows the last "message ".
    private static func number(in text: String) -> Int? {
        guard let start = text.ranges(of: prefix).last?.upperBound else { return nil }
        return Int(text[start...].prefix { $0.isASCII && $0.isNumber })
    }

    var answered: Int { named.isEmpty ? unnamedAt.count : named.count }

    /// Frames that are no answers.
    var others: Int { strangers + (named.isEmpty ? 0 : unnamedAt.count) }

    var isComplete: Bool { sent == count && answered == count }

    /// How long the share of the answers that came first took at most, such as 0.99; `nil` without answers.
    func latency(_ share: Double) -> Duration? {
        let times = named.isEmpty ? zip(sentAt, unnamedAt).map { $1 - $0 } : Array(named.values)
        guard !times.isEmpty else { return nil }
        let rank = Int((share * Double(times.count)).rounded(.up))
        return times.sorted()[max(0, rank - 1)]
    }
}
