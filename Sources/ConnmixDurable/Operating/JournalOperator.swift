/// Repairs the journal: retry, replay, discard, restore, and undo of these, whether a consumer runs or not.
///
/// ```swift
/// let journal = try JournalOperator(database: "connmix-durable.sqlite3")
/// let report = try journal.retry([4711, 4712], reason: "the price service is back")
/// for skipped in report.skipped {
///     logger.notice("left as it is", metadata: ["entry": "\(skipped.id)", "why": "\(skipped.why)"])
/// }
/// try journal.undo(report.action)
/// ```
///
/// Every call is recorded as an action: who, when, why, and each entry as it was before. A running consumer notices within
/// 250 ms. An entry that is being handled is never touched.
///
/// Up to 500 entries are changed in one transaction, together with their record. Where an error ends a longer list, what was
/// changed before stays changed and recorded: the error names the action, and `undo` takes it back.
///
/// The methods block until they are through. They may be called from any thread, several at a time.
public final class JournalOperator: Sendable {
    let store: SharedStore
    let runner: ActionRunner

    /// Opens a file to repair it.
    ///
    /// - Parameters:
    ///   - database: the file's path.
    ///   - actor: who is recorded; by default the operating-system user and the process id.
    /// - Throws: `noSuchDatabase`; `foreignDatabase`, `newerDatabase` or `olderDatabase` where this version cannot change it.
    public init(database: String, actor: String? = nil) throws {
        store = try SharedStore(path: database)
        runner = ActionRunner(store: store, ledger: .journal, actor: actor ?? OperatorName.current)
    }

    /// Opens lanes that stand still behind a dead entry: what waits behind it is handled, the dead entry stays dead. A running
    /// consumer notices within 250 ms. (``Inspector/parkedLanes()`` lists them.) The report names the dead entries.
    ///
    /// - Throws: `notFound` where one of them is not parked, and nothing is changed; `badData` where none is named; `busy` where the
    ///   file is locked for too long; errors of the disk.
    @discardableResult
    public func skip(lanes: [String], reason: String? = nil) throws -> OperatorReport {
        try runner.perform(.skip, heads(of: lanes), reason: reason) { try JournalTable.skip($0, id: $1, time: $2) }
    }

    /// Opens lanes that stand still behind a dead entry, and handles that entry again first, with all its attempts. One that an earlier
    /// version replayed stays `replayed`.
    ///
    /// - Throws: as `skip(lanes:reason:)`.
    @discardableResult
    public func release(lanes: [String], reason: String? = nil) throws -> OperatorReport {
        try retry(heads(of: lanes), reason: reason)
    }

    private func heads(of lanes: [String]) throws -> [Int64] {
        try store.read { connection in
            try lanes.map { lane in
                guard let head = try ParkedLanes.head(connection, lane: lane) else {
                    throw ConnmixError(.notFound, "the lane \(lane) is not parked")
                }
                return head
            }
        }
    }

    /// Lets entries be handled now: dead ones, and pending ones that wait for their next attempt.
    ///
    /// A dead entry gets all its attempts again: they are counted from one, and ``Message/attempt`` with them. The failed attempts
    /// it had stay in its record. A waiting one keeps its count. The head of a parked lane opens the lane and goes first. The entry
    /// keeps its id; messages of its lane that came later and are handled already, or in hand, are not called back.
    ///
    /// - Throws: `badData` where no entry is named; `busy` and errors of the disk.
    @discardableResult
    public func retry(_ ids: [Int64], reason: String? = nil) throws -> OperatorReport {
        try runner.perform(.retry, ids, reason: reason) { try JournalTable.retryNow($0, id: $1, time: $2) }
    }

    /// Makes new pending entries from old ones in any state. Dead ones are `replayed` from then on; the others stay as they are. The head
    /// of a parked lane opens the lane: what waits there goes on, and the new entry comes behind it.
    ///
    /// A new entry has topic, node, client, lane and payload of the old one, its id as `replayOf`, the time of this call as the
    /// time it was received, and no dedupe key. New entries are made in the order of the old ones.
    ///
    /// - Parameters:
    ///   - ids: the old entries.
    ///   - payload: JSON that takes the place of the old payload. Only with exactly one id.
    ///   - again: whether entries that are `replayed` already are replayed once more; otherwise they are left as they are.
    ///   - reason: kept with the action.
    /// - Throws: `badData` where no entry is named, where the payload is no JSON or longer than 64 MiB, or where there is one with
    ///   several ids; `busy` and errors of the disk.
    @discardableResult
    public func replay(_ ids: [Int64], payload: [UInt8]? = nil, again: Bool = false, reason: String? = nil) throws
        -> OperatorReport
    {
        if let payload {
            guard Set(ids).count == 1 else {
                throw ConnmixError(.badData, "\(ids.count) entries are named and one payload; name exactly one entry")
            }
            guard payload.count <= Self.payloadLimit, payload.withUnsafeBufferPointer({ JSONScanner.isValue($0) })
            else { throw ConnmixError(.badData, "the payload is no JSON value of at most 64 MiB; correct it") }
        }
        return try runner.perform(.replay, ids, reason: reason, note: payload == nil ? "" : ",\"edited\":true") {
            try JournalTable.replay($0, id: $1, payload: payload, again: again, time: $2)
        }
    }

    /// Puts pending or dead entries aside: they are not handled, until they are restored. A lane that was parked behind one is opened.
    ///
    /// - Throws: `badData` where no entry is named; `busy` and errors of the disk.
    @discardableResult
    public func discard(_ ids: [Int64], reason: String? = nil) throws -> OperatorReport {
        try runner.perform(.discard, ids, reason: reason) { try JournalTable.discard($0, id: $1, time: $2) }
    }

    /// Brings discarded entries back: they are pending, may be handled now, and have all their attempts again.
    ///
    /// - Throws: `badData` where no entry is named; `busy` and errors of the disk.
    @discardableResult
    public func restore(_ ids: [Int64], reason: String? = nil) throws -> OperatorReport {
        try runner.perform(.restore, ids, reason: reason) { try JournalTable.restore($0, id: $1, time: $2) }
    }

    /// Takes an action back, for each entry that is still as the action left it.
    ///
    /// Entries go back to what they were before; of a replay, the new entries that are still pending are discarded, and
    /// their originals are dead again. What has been handled meanwhile, or is being handled, stays and is reported as
    /// skipped. The undo is an action of its own.
    ///
    /// - Throws: `notFound` where there is no such action of the journal; `badData` where it is an undo itself or nothing of it is
    ///   left to undo; `busy` and errors of the disk.
    @discardableResult
    public func undo(_ action: Int64, reason: String? = nil) throws -> OperatorReport {
        try runner.undo(action, reason: reason) { try JournalTable.undo($0, $1, of: $2, since: $3, time: $4) }
    }

    /// What operators did, newest first.
    ///
    /// - Throws: errors of the file.
    public func actions(limit: Int = 50) throws -> [OperatorAction] {
        try store.read { try ActionLog.list($0, limit: limit) }
    }

    // MARK: -

    private static let payloadLimit = 64 << 20
}
