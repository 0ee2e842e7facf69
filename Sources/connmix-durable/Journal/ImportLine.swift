import ConnmixDurable

/// A line of an import: `topic`, `client` and `data` must be there; what an export writes beside them is kept, and what else stands
/// there is passed over.
struct ImportLine {
    /// Whether a line's entry is what the line says, or a new one that waits to be handled.
    enum Kind {
        case kept
        case pending
    }

    private static let nameLimit = 1_024
    private static let textLimit = 1 << 20
    private static let countLimit: Int64 = 1_000_000_000

    private(set) var entry: ImportedEntry
    /// The ids of the file that the line comes from.
    let id: Int64?
    let replayOf: Int64?

    /// - Throws: `Failure` with exit code 65 that names the line.
    init(_ json: [UInt8], line: Int64, of file: String, as kind: Kind = .kept) throws {
        let fields = try Fields(json) { Failure(.badData, "line \(line) of \(file): \($0)") }
        let named: EntryState? = kind == .kept ? try fields.oneOf("state", EntryState.allCases) : nil
        // What never waited for a handler, or will not, may be what no handler could take.
        let isHandled = named == nil
        let limit = isHandled ? Self.nameLimit : Self.textLimit
        guard let topic = try fields.text("topic", limit: limit), let client = try fields.text("client", limit: limit) else {
            throw fields.bad("\"topic\" or \"client\" is missing or no text")
        }
        guard !isHandled || !topic.isEmpty && !client.isEmpty else { throw fields.bad("\"topic\" or \"client\" is empty") }
        let data = try Self.data(fields, mustBeJSON: isHandled)
        entry = ImportedEntry(line: line, topic: topic, client: client, data: data)
        entry.node = try fields.text("node", limit: Self.textLimit) ?? ""
        entry.lane = try fields.text("lane", limit: Self.textLimit)
        // Where the id was made unrecognisable it is text now, whatever it was.
        entry.clientIsNumber = try fields.bool("client_is_number") == true && Self.isNumber(client)
        // Other programs may name their lines as they like.
        id = fields.json("id").flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
        guard kind == .kept else {
            replayOf = nil
            return
        }
        replayOf = try fields.integer("replay_of", 1...Int64.max)
        // Nobody runs it here.
        entry.state = named == .running ? .pending : named ?? .pending
        entry.attempts = try fields.integer("attempts", 0...Self.countLimit) ?? 0
        entry.receivedAt = try fields.time("received_at")
        entry.stateAt = try fields.time(entry.state == .pending ? "available_at" : "finished_at")
        entry.lastError = try fields.text("last_error", limit: Self.textLimit)
        entry.handlerVersion = try fields.text("handler_version", limit: Self.nameLimit)
        entry.dedupeKey = try fields.text("dedupe_key", limit: Self.textLimit)
        entry.failures = try fields.objects("attempts_log", limit: ExportLine.attemptLimit) { attempt in
            guard let number = try attempt.integer("attempt", 0...Self.countLimit),
                let startedAt = try attempt.time("started_at"), let endedAt = try attempt.time("ended_at"),
                let outcome = try attempt.oneOf("outcome", AttemptOutcome.allCases)
            else { throw fields.bad("an attempt in \"attempts_log\" lacks its number, its times or its outcome") }
            return AttemptRecord(
                attempt: Int(number), startedAt: startedAt, endedAt: endedAt, outcome: outcome,
                error: try attempt.text("error", limit: Self.textLimit) ?? "")
        }
    }

    /// The same, as a replay of the entry that an earlier line makes.
    func replaying(line: Int64?) -> ImportedEntry {
        var entry = entry
        entry.originalLine = line
        return entry
    }

    private static func data(_ fields: Fields, mustBeJSON: Bool) throws -> [UInt8] {
        var data = fields.json("data")
        if data == nil, let encoded = try fields.text("data_base64", limit: .max) {
            guard let bytes = Base64.bytes(encoded) else { throw fields.bad("\"data_base64\" is not base64") }
            // The consumer hands out nothing that is no JSON.
            guard !mustBeJSON || bytes.withUnsafeBufferPointer({ JSONScanner.isValue($0) }) else {
                throw fields.bad("its data is no JSON, and no handler could take it; leave the line out")
            }
            data = bytes
        }
        guard let data else { throw fields.bad("\"data\" is missing; it cannot be imported without its payload") }
        guard data.count <= InputFile.payloadLimit else {
            throw fields.bad("\"data\" has more than \(InputFile.payloadLimit >> 20) MiB")
        }
        return data
    }

    /// It goes to the engine as it is: nothing else may pass for a number.
    private static func isNumber(_ text: String) -> Bool {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return false }
        let bytes = Array(text.utf8)
        return bytes.last.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } == true
            && bytes.withUnsafeBufferPointer { JSONScanner.isValue($0) }
    }
}
