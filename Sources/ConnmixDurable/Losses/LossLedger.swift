/// Keeps account of what was lost or may have been: which connections ended how, and when which node was not consumed (P11). Pure.
///
/// It answers what rows to write. Openings and ends are due with the next commit, counts at most once a second, and where nothing
/// happens nothing is due. A row counts as written once its commit is confirmed, so a failed one loses nothing. Memory is bounded:
/// while nothing can be written, connections that came and went are folded together, and so are gaps.
struct LossLedger: Sendable {
    typealias Node = LossRows.Node

    /// Times without consumption that are no further apart, and have one cause, are one row: a consumer that pauses a hundred times
    /// a second must not write a hundred rows.
    static let joinTime: Int64 = 1_000_000
    /// How often counts are written.
    static let countInterval: Int64 = 1_000_000
    /// So many ended connections, and so many ended gaps, are held one by one while nothing can be written.
    static let capacity = 1_000

    /// Old rows are deleted with a commit that writes some, after so many new ones or after an hour.
    static let pruneRows: Int64 = 500
    static let pruneInterval: Int64 = 3_600_000_000

    private struct Connection: Sendable {
        var held: LossRows.Held<LossRows.Epoch>
        /// Messages that were read and are not committed.
        var waiting: Int64 = 0

        var isOpen: Bool { held.row.closedAt == nil }
        var isFinished: Bool { !isOpen && waiting == 0 && held.isWritten }
        var mayBeFolded: Bool { !isOpen && waiting == 0 && held.written == nil }
    }

    private struct Listing: Sendable {
        var gap: LossRows.Held<LossRows.Gap>?
        /// The center named it in this run.
        var isConfirmed: Bool

        var isInGap: Bool { gap.map { $0.row.endedAt == nil } ?? false }
    }

    private var connections: [Int64: Connection] = [:]
    private var nodes: [Node: Listing] = [:]
    /// Ended gaps that are not written and are no node's latest.
    private var endedGaps: [LossRows.Held<LossRows.Gap>] = []
    private var lastEpoch: Int64
    private var lastGap: Int64
    private var isStopping = false
    private var hasNews = false
    private var hasCounts = false
    private var countedAt: Int64 = 0
    private var isWriting = false
    private var pruned: (rows: Int64, at: Int64)?

    /// - Parameter inheritance: its nodes are not consumed until they are.
    init(_ inheritance: LossRows.Inheritance = .init(), now: Int64 = 0) {
        lastEpoch = inheritance.lastEpoch
        lastGap = inheritance.lastGap
        for node in inheritance.nodes {
            nodes[node] = Listing(isConfirmed: false)
            beginGap(node, .consumerStarted, now: now)
        }
    }

    // MARK: Nodes

    /// - Parameter reason: why it is not consumed yet.
    mutating func listed(_ node: Node, _ reason: GapReason, now: Int64) {
        guard nodes[node] == nil else {
            nodes[node]?.isConfirmed = true
            return
        }
        // Its last run is inherited: it lives at the same address, and has another id.
        let isNextLife = nodes.contains { $0.key.address == node.address && !$0.value.isConfirmed }
        nodes[node] = Listing(isConfirmed: true)
        beginGap(node, isNextLife ? .restartedMeanwhile : reason, now: now)
    }

    /// The center's first list is read: nodes of the last run that it does not name are gone.
    mutating func directoryKnown(now: Int64) {
        let addresses = Set(nodes.lazy.filter(\.value.isConfirmed).map(\.key.address))
        for (node, listing) in nodes where !listing.isConfirmed {
            gone(node, livesOn: addresses.contains(node.address), now: now)
        }
    }

    /// - Parameter livesOn: the node, or its next life, is listed otherwise, and its queues are accounted for there.
    mutating func gone(_ node: Node, livesOn: Bool = false, now: Int64) {
        if !livesOn { lostQueues(node) }
        endGap(node, now: now)
        guard let listing = nodes.removeValue(forKey: node) else { return }
        if let gap = listing.gap { retire(gap) }
    }

    /// It goes while nobody pops it.
    private mutating func lostQueues(_ node: Node) {
        guard !isStopping, let gap = nodes[node]?.gap?.row, gap.endedAt == nil else { return }
        nodes[node]?.gap?.row.began = gap.began.departed
        nodes[node]?.gap?.row.lately = Self.brief([gap.lately, GapReason.left].compactMap(\.self).joined(separator: "; "))
        hasNews = true
    }

    mutating func unreachable(_ node: Node, _ reason: String) {
        guard let gap = nodes[node]?.gap?.row, gap.endedAt == nil, gap.began.cause != .noConsumer else { return }
        let lately = Self.brief(reason)
        guard lately != gap.began.text, lately != gap.lately else { return }
        nodes[node]?.gap?.row.lately = lately
        hasCounts = true
    }

    mutating func consuming(_ node: Node, now: Int64) {
        let newest = connections.filter { $0.value.isOpen && $0.value.held.row.node == node }.keys.max()
        if let newest, connections[newest]?.held.row.consumingAt == nil {
            connections[newest]?.held.row.consumingAt = now
            hasNews = true
        }
        endGap(node, now: now)
    }

    mutating func notConsuming(_ node: Node, _ reason: GapReason, now: Int64) {
        guard let listing = nodes[node] else { return }
        listing.isInGap ? unreachable(node, reason.text) : beginGap(node, reason, now: now)
    }

    // MARK: Connections

    mutating func opened(_ connection: Int64, _ node: Node, now: Int64) {
        lastEpoch += 1
        let row = LossRows.Epoch(id: lastEpoch, connection: connection, node: node, openedAt: now)
        connections[connection] = Connection(held: .init(row: row))
        hasNews = true
    }

    mutating func received(_ connection: Int64, frames: Int, bytes: Int) {
        guard let index = connections.index(forKey: connection) else { return }
        connections.values[index].held.row.frames += Int64(frames)
        connections.values[index].held.row.bytes += Int64(bytes)
        connections.values[index].waiting += Int64(frames)
        hasCounts = true
    }

    /// Messages are committed.
    mutating func journaled(_ origins: MessageOrigins) {
        for part in origins.parts {
            guard var connection = connections[part.connection] else { continue }
            connection.waiting -= part.count
            connection.held.row.firstEntry = connection.held.row.firstEntry ?? part.first
            connection.held.row.lastEntry = part.last ?? connection.held.row.lastEntry
            connections[part.connection] = connection.isFinished ? nil : connection
            hasCounts = true
        }
    }

    /// - Parameter clean: everything that was asked for was done; a node that is left so is not wanted any more.
    mutating func closed(_ connection: Int64, reason: String, clean: Bool, now: Int64) {
        guard let node = connections[connection]?.held.row.node, connections[connection]?.isOpen == true else { return }
        connections[connection]?.held.row.close(at: now, clean: clean, reason: Self.brief(reason))
        hasNews = true
        foldConnections()
        guard let listing = nodes[node], !listing.isInGap, !clean || isStopping else { return }
        beginGap(node, .connectionEnded(reason), now: now)
    }

    // MARK: The end

    /// The consumer stops: what is not consumed from now on is so because no consumer runs.
    mutating func stopping() {
        isStopping = true
    }

    /// The run ends; the gaps of all nodes stay open until the next one begins.
    mutating func ended(now: Int64) {
        isStopping = true
        for (number, connection) in connections where connection.isOpen {
            connections[number]?.held.row.close(at: now, clean: false, reason: "it was still open when the consumer ended")
        }
        for (node, listing) in nodes where !listing.isInGap || listing.gap?.row.began.cause != .noConsumer {
            endGap(node, now: now)
            beginGap(node, .away, now: now)
        }
        hasNews = true
    }

    // MARK: Rows

    /// What is to be written with a commit that happens now. Its fate must be told: `written` or `putBack`.
    mutating func takeRows(now: Int64) -> LossRows.Batch {
        let isDue = now - countedAt >= Self.countInterval || now < countedAt
        guard hasNews || hasCounts && isDue else { return .init() }
        (hasNews, hasCounts, countedAt, isWriting) = (false, false, now, true)
        let epochs = connections.values.map(\.held).filter { !$0.isWritten }.map(\.row)
        let gaps = (endedGaps + nodes.values.compactMap(\.gap)).filter { !$0.isWritten }.map(\.row)
        let pruned = pruned ?? (0, 0)
        return .init(
            epochs: epochs.sorted { $0.id < $1.id }, gaps: gaps.sorted { $0.id < $1.id },
            mayPrune: lastEpoch + lastGap - pruned.rows >= Self.pruneRows || now - pruned.at >= Self.pruneInterval
                || now < pruned.at)
    }

    mutating func written(_ rows: LossRows.Batch) {
        isWriting = false
        if rows.mayPrune { pruned = (lastEpoch + lastGap, countedAt) }
        for row in rows.epochs {
            connections[row.connection]?.held.written = row
            if connections[row.connection]?.isFinished == true { connections[row.connection] = nil }
        }
        let gaps = Dictionary(uniqueKeysWithValues: rows.gaps.map { ($0.id, $0) })
        for (node, listing) in nodes {
            if let id = listing.gap?.row.id, let row = gaps[id] { nodes[node]?.gap?.written = row }
        }
        endedGaps = endedGaps.filter { gaps[$0.row.id] != $0.row }
        for index in endedGaps.indices {
            if let row = gaps[endedGaps[index].row.id] { endedGaps[index].written = row }
        }
    }

    /// The commit failed; the rows are due again.
    mutating func putBack() {
        (hasNews, isWriting) = (true, false)
    }

    // MARK: -

    private mutating func beginGap(_ node: Node, _ reason: GapReason, now: Int64) {
        let reason = isStopping ? .away : reason
        if let gap = nodes[node]?.gap {
            if let end = gap.row.endedAt, gap.row.began == reason, now >= end, now - end < Self.joinTime {
                nodes[node]?.gap?.row.endedAt = nil
                nodes[node]?.gap?.row.times += 1
                nodes[node]?.gap?.row.consumed += now - end
                hasCounts = true
                return
            }
            retire(gap)
        }
        lastGap += 1
        nodes[node]?.gap = .init(row: LossRows.Gap(id: lastGap, node: node, beganAt: now, began: reason))
        hasNews = true
    }

    private mutating func endGap(_ node: Node, now: Int64) {
        guard let gap = nodes[node]?.gap?.row, gap.endedAt == nil else { return }
        // The clock may have been set back meanwhile.
        nodes[node]?.gap?.row.endedAt = max(now, gap.beganAt + gap.consumed)
        if gap.times == 1 { hasNews = true } else { hasCounts = true }
    }

    private mutating func retire(_ gap: LossRows.Held<LossRows.Gap>) {
        guard !gap.isWritten else { return }
        hasNews = true
        endedGaps.append(gap)
        foldGaps()
    }

    /// Nothing could be written for long: what came and went at one address becomes one row. Not while rows are being written.
    private mutating func foldConnections() {
        guard connections.count > Self.capacity, !isWriting else { return }
        var newest: [String: Int64] = [:]
        for (number, connection) in connections.filter({ $0.value.mayBeFolded }).sorted(by: { $0.key < $1.key }) {
            let address = connection.held.row.node.address
            if let older = newest[address].flatMap({ connections.removeValue(forKey: $0) }) {
                connections[number]?.held.row.absorb(older.held.row)
            }
            newest[address] = number
        }
    }

    private mutating func foldGaps() {
        guard endedGaps.count > Self.capacity, !isWriting else { return }
        var folded: [String: LossRows.Gap] = [:]
        for gap in endedGaps where gap.written == nil {
            var row = gap.row
            if let older = folded[row.node.address] { row.absorb(older) }
            folded[row.node.address] = row
        }
        endedGaps = endedGaps.filter { $0.written != nil } + folded.values.map { .init(row: $0) }
    }

    /// Reasons come from outside, too.
    private static func brief(_ reason: String) -> String { reason.bounded(toBytes: 300) }
}

extension LossRows.Epoch {
    fileprivate mutating func close(at time: Int64, clean: Bool, reason: String) {
        closedAt = max(time, openedAt)
        isClean = clean
        end = reason
    }

    /// Stands for an older one, too.
    fileprivate mutating func absorb(_ older: LossRows.Epoch) {
        openedAt = older.openedAt
        consumingAt = older.consumingAt ?? consumingAt
        isClean = isClean && older.isClean
        frames += older.frames
        bytes += older.bytes
        firstEntry = older.firstEntry ?? firstEntry
        lastEntry = lastEntry ?? older.lastEntry
        connections += older.connections
    }
}

extension LossRows.Gap {
    /// Stands for an older one, too.
    fileprivate mutating func absorb(_ older: LossRows.Gap) {
        consumed += older.consumed + max(0, beganAt - (older.endedAt ?? beganAt))
        beganAt = older.beganAt
        times += older.times
        if began != older.began { lately = older.lately ?? older.began.text }
    }
}
