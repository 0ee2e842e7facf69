public import FoundationEssentials

// Times are kept in microseconds since 1970, as the database has them. Here they are dates and durations.

extension Message {
    /// When it was read from the socket.
    public var receivedDate: Date { Date(microseconds: receivedAt) }

    /// How long ago it was read from the socket, by the clock of this machine; never less than zero.
    public var age: Duration { .microseconds(max(0, Clock.now() - receivedAt)) }
}

extension CommandOptions {
    /// `notBefore` as a date, to the microsecond.
    public var notBeforeDate: Date? {
        get { notBefore.map { Date(microseconds: $0) } }
        set { notBefore = newValue?.microseconds }
    }

    /// Sets `notBefore` to so long from now.
    public mutating func wait(for pause: Duration) {
        notBefore = Clock.now() + max(.zero, pause).microseconds
    }
}

extension Date {
    fileprivate init(microseconds: Int64) {
        self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000)
    }

    fileprivate var microseconds: Int64 {
        let microseconds = (timeIntervalSince1970 * 1_000_000).rounded()
        return Int64(exactly: microseconds) ?? (microseconds < 0 ? .min : .max)
    }
}
