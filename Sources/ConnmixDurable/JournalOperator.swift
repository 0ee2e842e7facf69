internal import Glibc

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
    /// How many entries one transaction changes at most: a consumer's commits wait meanwhile.
    static let sliceLimit = 500

    private let store: SharedStore
    private let actor: String

    /// - Parameters:
    ///   - database: the file's path.
    ///   - actor: who is recorded; by default the operating-system user and the process id.
    /// - Throws: `noSuchDatabase`; `foreignDatabase`, `newerDatabase` or `olderDatabase` where this version cannot change it.
    public init(database: String, actor: String? = nil) throws {
        store = try SharedStore(path: database)
        self.actor = actor ?? Self.currentUser
    }

    /// Opens lanes that stand still behind a dead entry: what waits behind it is handled, the dead entry stays dead. A running
    /// consumer notices within 250 ms. (`Inspector.parkedLanes` lists them.) The report names the dead entries.
    ///
    /// - Throws: `notFound` where one of them is not parked, and nothing is changed; `badData` where none is named; `busy` where the
    ///   file is locked for too long; errors of the disk.
    @discardableResult
    public func skip(lanes: [String], reason: String? = nil) throws -> OperatorReport {
        try perform(.skip, heads(of: lanes), reason: reason) { try Journal.skip($0, id: $1, time: $2) }
    }

    /// Opens lanes that stand still behind a dead entry, and handles that entry again first, with all its attempts.
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
    /// A dead entry gets all its attempts again: they are counted from one, and `Message.attempt` with them. The failed attempts
    /// it had stay in its record. A waiting one keeps its count. The head of a parked lane opens the lane and goes first. The entry
    /// keeps its id; messages of its lane that came later and
    /// are handled already, or in hand, are not called back.
    ///
    /// - Throws: `badData` where no entry is named; `busy` and errors of the disk.
    @discardableResult
    public func retry(_ ids: [Int64], reason: String? = nil) throws -> OperatorReport {
        try perform(.retry, ids, reason: reason) { try Journal.retryNow($0, id: $1, time: $2) }
    }

    /// Makes new pending entries from old ones in any state, which stay as they are.
    ///
    /// A new entry has topic, node, client, lane and payload of the old one, its id as `replayOf`, the time of this call as the
    /// time it was received, and no dedupe key. New entries are made in the order of the old ones.
    ///
    /// - Parameters:
    ///   - ids: the old entries.
    ///   - payload: JSON that takes the place of the old payload. Only with exactly one id.
    /// - Throws: `badData` where no entry is named, where the payload is no JSON or longer than 64 MiB, or where there is one with
    ///   several ids; `busy` and errors of the disk.
    @discardableResult
    public func replay(_ ids: [Int64], payload: [UInt8]? = nil, reason: String? = nil) throws -> OperatorReport {
        if let payload {
            guard Set(ids).count == 1 else {
                throw ConnmixError(.badData, "\(ids.count) entries are named and one payload; name exactly one entry")
            }
            guard payload.count <= Self.payloadLimit, payload.withUnsafeBufferPointer({ JSONScanner.isValue($0) })
            else { throw ConnmixError(.badData, "the payload is no JSON value of at most 64 MiB; correct it") }
        }
        return try perform(.replay, ids, reason: reason, isEdited: payload != nil) {
            try Journal.replay($0, id: $1, payload: payload, time: $2)
        }
    }

    /// Puts pending or dead entries aside: they are not handled, until they are restored. A lane that was parked behind one is opened.
    ///
    /// - Throws: `badData` where no entry is named; `busy` and errors of the disk.
    @discardableResult
    public func discard(_ ids: [Int64], reason: String? = nil) throws -> OperatorReport {
        try perform(.discard, ids, reason: reason) { try Journal.discard($0, id: $1, time: $2) }
    }

    /// Brings discarded entries back: they are pending, may be handled now, and have all their attempts again.
    ///
    /// - Throws: `badData` where no entry is named; `busy` and errors of the disk.
    @discardableResult
    public func restore(_ ids: [Int64], reason: String? = nil) throws -> OperatorReport {
        try perform(.restore, ids, reason: reason) { try Journal.restore($0, id: $1, time: $2) }
    }

    /// Takes an action back, for each entry that is still as the action left it.
    ///
    /// Entries go back to what they were before; of a replay, the new entries that are still pending are discarded. What has been
    /// handled meanwhile, or is being handled, stays and is reported as skipped. The undo is an action of its own.
    ///
    /// - Throws: `notFound` where there is no such action of the journal; `badData` where it is an undo itself or nothing of it is
    ///   left to undo; `busy` and errors of the disk.
    @discardableResult
    public func undo(_ action: Int64, reason: String? = nil) throws -> OperatorReport {
        var current: (report: OperatorReport, time: Int64)?
        var cursor = Int64.min
        var isLast = false
        do {
            while !isLast {
                (current, cursor, isLast) = try store.write(.journal) { transaction in
                    let (undone, verb) = try Self.undoable(transaction.connection, action)
                    var (report, time) =
                        try current
                        ?? {
                            let total = try ActionLog.countApplied(transaction.connection, action)
                            guard total > 0 else { throw ConnmixError(.badData, "nothing of action \(action) is left to undo") }
                            return try begin(
                                transaction, .undo, reason: reason, selection: "{\"action\":\(action)}", total: total)
                        }()
                    let items = try ActionLog.appliedItems(
                        transaction.connection, action, above: cursor, limit: Self.sliceLimit)
                    for item in items {
                        let intervention = try Journal.undo(
                            transaction, item, of: verb, since: undone.createdAt, time: time)
                        if case .applied = intervention {
                            try ActionLog.markUndone(transaction, action, row: item.row)
                        }
                        try ActionLog.add(transaction, to: report.action, row: item.row, intervention)
                        report.add(item.row, intervention)
                    }
                    let isLast = items.count < Self.sliceLimit
                    try advance(transaction, report.action, by: items.count, isLast: isLast)
                    return ((report, time), items.last?.row ?? cursor, isLast)
                }
            }
        } catch {
            throw stopped(current?.report, error)
        }
        return try Self.finished(current?.report)
    }

    /// What operators did, newest first.
    public func actions(limit: Int = 50) throws -> [OperatorAction] {
        try store.read { try ActionLog.list($0, limit: limit) }
    }

    // MARK: -

    private static let payloadLimit = 64 << 20

    private func perform(
        _ verb: OperatorVerb, _ ids: [Int64], reason: String?, isEdited: Bool = false,
        intervene: (Transaction, Int64, Int64) throws -> Intervention
    ) throws -> OperatorReport {
        let ids = Set(ids).sorted()
        guard let first = ids.first, let last = ids.last else {
            throw ConnmixError(.badData, "no entry is named; name at least one")
        }
        let edited = isEdited ? ",\"edited\":true" : ""
        let selection = "{\"first\":\(first),\"last\":\(last),\"count\":\(ids.count)\(edited)}"
        var current: (report: OperatorReport, time: Int64)?
        do {
            for start in stride(from: 0, to: ids.count, by: Self.sliceLimit) {
                let slice = ids[start..<min(start + Self.sliceLimit, ids.count)]
                current = try store.write(.journal) { transaction in
                    var (report, time) =
                        try current
                        ?? begin(transaction, verb, reason: reason, selection: selection, total: ids.count)
                    for id in slice {
                        let intervention = try intervene(transaction, id, time)
                        try ActionLog.add(transaction, to: report.action, row: id, intervention)
                        report.add(id, intervention)
                    }
                    try advance(transaction, report.action, by: slice.count, isLast: slice.endIndex == ids.count)
                    return (report, time)
                }
            }
        } catch {
            throw stopped(current?.report, error)
        }
        return try Self.finished(current?.report)
    }

    private func begin(
        _ transaction: Transaction, _ verb: OperatorVerb, reason: String?, selection: String, total: Int
    ) throws -> (OperatorReport, Int64) {
        let action = try ActionLog.begin(
            transaction, verb, actor: actor, reason: reason, selection: selection, total: total)
        return (OperatorReport(action: action), transaction.now)
    }

    private func advance(_ transaction: Transaction, _ action: Int64, by count: Int, isLast: Bool) throws {
        try ActionLog.advance(transaction, action, by: count)
        if isLast { try ActionLog.end(transaction, action, as: .finished) }
    }

    /// - Returns: the error to throw; it says how far the action came.
    private func stopped(_ report: OperatorReport?, _ error: any Error) -> any Error {
        guard let report, let error = error as? ConnmixError else { return error }
        var message = error.message
        message += "; action \(report.action) has changed \(report.applied.count) entries before, and can be undone"
        do {
            try store.write(nil) { try ActionLog.end($0, report.action, as: .stopped) }
        } catch {
            message += " (it is still recorded as running: \(error))"
        }
        return ConnmixError(error.code, message)
    }

    private static func finished(_ report: OperatorReport?) throws(ConnmixError) -> OperatorReport {
        guard let report else { throw ConnmixError(.internal, "an action ended without a report") }
        return report
    }

    private static func undoable(_ connection: Connection, _ id: Int64) throws -> (OperatorAction, OperatorVerb) {
        guard let action = try ActionLog.action(connection, id) else {
            throw ConnmixError(.notFound, "there is no action \(id) on the journal")
        }
        guard let verb = OperatorVerb(rawValue: action.verb), verb != .undo else {
            throw ConnmixError(.badData, "action \(id) is \"\(action.verb)\" and cannot be undone; repeat the first action")
        }
        return (action, verb)
    }

    /// The operating-system user and the process.
    private static var currentUser: String {
        let user = getuid()
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer -> String? in
            guard let base = buffer.baseAddress, getpwuid_r(user, &record, base, buffer.count, &found) == 0,
                let name = found?.pointee.pw_name
            else { return nil }
            return String(cString: name)
        }
        return "\(name ?? "user \(user)") (process \(getpid()))"
    }
}
