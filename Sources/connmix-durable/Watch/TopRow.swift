import ConnmixDurable

/// A cause that can be chosen in `top`.
struct TopCause: Equatable, Sendable {
    struct ID: Equatable, Sendable {
        let ledger: Ledger
        let cause: String
    }

    let ledger: Ledger
    let cause: FailureCause

    var id: ID { ID(ledger: ledger, cause: cause.id) }
}

/// An entry or a command in the list of a cause.
struct TopRow: Equatable, Sendable {
    struct ID: Equatable, Sendable {
        let ledger: Ledger
        let id: Int64

        /// How it is called.
        var name: String { "\(ledger.row) \(id)" }
    }

    let id: ID
    let state: String
    let attempts: Int
    /// When it came in, or was enqueued.
    let at: Int64
    /// The topic of an entry, the method of a command.
    let kind: String
    /// The client of an entry, the target of a command.
    let target: String
    let text: String
    let error: String
}

extension TopRow {
    /// No list shows more of an error.
    private static let errorBytes = 1_024

    /// - Parameter payload: nothing where the row has gone meanwhile.
    init(_ entry: JournalRecord, payload: (bytes: [UInt8], size: Int64)?) {
        self.init(
            id: ID(ledger: .journal, id: entry.id), state: entry.state.description, attempts: entry.attempts,
            at: entry.receivedAt,
            kind: entry.topic, target: entry.client, text: Self.text(payload),
            error: (entry.lastError ?? "").boundedForPeople(Self.errorBytes))
    }

    init(_ command: OutboxRecord, payload: (bytes: [UInt8], size: Int64)?) {
        self.init(
            id: ID(ledger: .outbox, id: command.id), state: command.state.description, attempts: command.attempts,
            at: command.enqueuedAt, kind: command.function.map { "\($0)()" } ?? command.kind,
            target: command.client ?? command.channel ?? "", text: Self.text(payload, isText: command.type != .binary),
            error: (command.lastError ?? "").boundedForPeople(Self.errorBytes))
    }

    /// - Parameter isText: whether it is text as it stands; otherwise it is looked at for what it is.
    private static func text(_ payload: (bytes: [UInt8], size: Int64)?, isText: Bool = false) -> String {
        guard let payload else { return "" }
        let isWhole = payload.size <= payload.bytes.count
        if isWhole, !isText { return Preview.text(payload.bytes) }
        let beginning = String(decoding: payload.bytes.prefix(600), as: UTF8.self)
        return isWhole ? beginning : "\(ByteText.text(payload.size)): \(beginning)"
    }
}

/// An entry or a command with all that belongs to it; of a large payload the beginning.
enum TopDetail: Sendable {
    case entry(JournalDetail, payload: [UInt8], size: Int64)
    case command(OutboxRecord.Detail, payload: [UInt8], size: Int64)
}
