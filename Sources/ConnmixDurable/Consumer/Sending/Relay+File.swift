/// What comes in, what waits in the file, and what others do there.
extension Relay {
    // MARK: Coming in

    /// A command that was just added to the file.
    ///
    /// - Returns: whether it is in memory; otherwise it is found in the file when its time comes.
    mutating func append(_ id: Int64, _ item: OutgoingCommand, now: Int64) -> Bool {
        if mustStandAside(id, item, now: now) {
            window.passOverNew(id)
            return false
        }
        var keys = item.keys
        if item.availableAt - now > Self.longWait {
            rest(id, item)
            // One that rests alone takes no place.
            if keys.first == nil { keys = OrderKeys(.nobody) }
        }
        return window.append(id, keys: keys, bytes: item.bytes, item) == .taken
    }

    /// A command of the file, in the order of ids.
    mutating func load(
        _ id: Int64, _ item: OutgoingCommand, now: Int64
    ) -> OrderedWindow<OutgoingCommand>.Admission {
        // Answered, perhaps while the file was read: still pending there, and not to be sent again.
        guard !unmarked.contains(id) else {
            window.passed(id)
            return .known
        }
        var item = item
        if !troubles.isEmpty, let trouble = troubles[id] { item.goesAlone = trouble.mustGoAlone }
        if !window.contains(id), mustStandAside(id, item, now: now) {
            window.passOver(id)
            return .leftInFile
        }
        guard item.availableAt - now > Self.longWait, !window.contains(id) else {
            return window.load(id, keys: item.keys, bytes: item.bytes, item)
        }
        let key = item.keys.first ?? .nobody
        guard window.mayRest(key) else { return .full }
        rest(id, item)
        guard key != .nobody else {
            // Others that rest alone may be due before it: the pass goes on.
            window.passed(id)
            return .leftInFile
        }
        return window.load(id, keys: item.keys, bytes: item.bytes, item)
    }

    /// Whether it stays in the file because its lane stands aside, or does so from now on.
    private mutating func mustStandAside(_ id: Int64, _ item: OutgoingCommand, now: Int64) -> Bool {
        let lane = item.keys.first
        if aside.contains(id, of: lane) {
            aside.left(id, lane: lane)
            return true
        }
        guard let (nodes, since, until) = awayNodes(item, now: now),
            aside.stand(lane, for: nodes, since: since, until: until, from: id)
        else { return false }
        aside.left(id, lane: lane)
        // Earlier ones of its lane are in memory and go on; later ones stay behind it.
        return true
    }

    /// The transaction that took the command is committed.
    mutating func confirm(_ id: Int64) {
        window.confirm(id)
        guard let expiresAt = window[id]?.expiresAt else { return }
        expiries.add(id, at: expiresAt)
        // What was sent in time leaves its time behind.
        if expiries.count > 2 * window.count + 1_024 { expiries.keep { window.contains($0) } }
    }

    // MARK: Waiting in the file

    /// The command and what comes after it in its lanes wait in the file; what is under way keeps its place.
    mutating func rest(_ id: Int64, _ item: OutgoingCommand) {
        let key = item.keys.first ?? .nobody
        for (other, _) in window.rest(key, from: id, until: item.availableAt, except: staying) { leftMemory(other) }
        if !isUnderWay(id) { leaveForFile(id) }
    }

    /// Somebody else changed commands, or a transaction was rolled back.
    mutating func lookAgain() {
        endsInFile.looked()
        aside.wakeAll()
        window.wakeAll()
        window.lookAgain(above: 0)
    }

    /// - Parameter first: the oldest row that may come now, of those that stood aside; `nil` where there is none.
    mutating func lookAgain(from first: Int64?) {
        if let first { window.lookAgain(above: first - 1) }
    }

    /// Commands ended in the file; what waits there behind one of them need not.
    mutating func endedInFile() {
        if window.hasKeysToWake || !aside.isEmpty { endsInFile.ended() }
    }

    // MARK: What others do

    /// The end user sent something: it is there.
    mutating func clientSeen(_ client: String) {
        gone.seen(client)
    }

    /// What somebody else changed: it may be sent earlier or later than before.
    mutating func refresh(_ row: OutboxTable.Waiting) {
        guard let item = window[row.id], !isUnderWay(row.id) else { return }
        window[row.id]?.attempts = row.attempts
        window[row.id]?.expiresAt = row.expiresAt
        if let client = item.command.client?.text { clientSeen(client) }
        guard item.availableAt != row.availableAt else { return }
        window[row.id]?.availableAt = row.availableAt
        window.makeReady(row.id)
    }

    /// Somebody else ended the command in the file.
    mutating func endedElsewhere(_ id: Int64) {
        guard window.contains(id) else { return }
        if isUnderWay(id) { ended.insert(id) } else { leave(id) }
    }

    /// A later command takes the place of one that no socket has seen.
    ///
    /// - Returns: whether it may: it is not under way, and nothing of it is waiting to be written down.
    mutating func supersede(_ id: Int64) -> Bool {
        guard !isUnderWay(id), !unmarked.contains(id) else { return false }
        if let item = window[id], item.writes > 0 { return false }
        leave(id)
        return true
    }

    /// It waits in the file again, whatever was heard before.
    mutating func pendingAgain(_ id: Int64) {
        ended.remove(id)
    }
}
