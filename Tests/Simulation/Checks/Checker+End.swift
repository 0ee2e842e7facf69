/// What must hold of every run in the end, when nothing goes wrong any more and the consumer has stopped.
extension Checker {
    /// Messages that a process took from its socket and that are in no file.
    func lost(of process: Int) -> [Int] {
        engine.messages.indices.filter {
            engine.messages[$0].reader == process && engine.messages[$0].entries.isEmpty && !engine.messages[$0].isAccountedFor
        }
    }

    func finish(engine model: Engine) {
        scan()
        look { view in
            let problems = try view.texts("PRAGMA integrity_check")
            hold("file", problems == ["ok"], "integrity_check says \(problems.prefix(3))")
            try journal(view)
            try outbox(view)
            try losses(view)
            try gaps(view)
        }
    }

    private func journal(_ view: FileView) throws {
        var states: [Int64: Int64] = [:]
        var attempts: [Int64: Int64] = [:]
        try view.each("SELECT id, state, attempts FROM journal") {
            states[$0.int(0)] = $0.int(1); attempts[$0.int(0)] = $0.int(2)
        }
        var failures: [Int64: (count: Int64, isPermanent: Bool)] = [:]
        try view.each("SELECT entry, count(*), max(outcome = 2) FROM attempt GROUP BY entry") {
            failures[$0.int(0)] = ($0.int(1), $0.int(2) == 1)
        }
        let orders = try orders(view)
        for (id, entry) in entries.sorted(by: { $0.key < $1.key }) {
            guard let state = states[id] else {
                hold("P2", false, "entry \(id) was in the file, and is not any more")
                continue
            }
            hold("P2", (8...11).contains(state), "entry \(id) ends in state \(state)")
            let indexes = handlers.byEntry[id, default: []]
            let calls = indexes.map { handlers.calls[$0] }
            let tags = commandsOfEntry[id, default: []].compactMap { commands[$0]?.tag }
            if state == 8 {
                // The mark, the commands and the handlers' own table are all of one call.
                let isWhole = indexes.contains { index in
                    let call = handlers.calls[index]
                    return call.hasReturned && call.tags == tags && orders[id] == (call.writes ? index : nil)
                }
                hold(
                    "P3", isWhole,
                    "entry \(id) is done with commands \(tags) and what call \(orders[id] ?? -1) wrote, which is what no handler that returned had issued"
                )
            } else {
                hold("P3", tags.isEmpty || entry.isTouched, "entry \(id) is not done, and left commands \(tags)")
                hold("P3", orders[id] == nil, "entry \(id) is not done, and wrote its table")
            }
            switch state {
            case 9:
                let counted = calls.count(where: \.mayCount)
                hold(
                    "P6", calls.contains(where: \.isPermanent) || counted >= maxAttempts,
                    "entry \(id) is dead, no attempt was permanent, and \(counted) of \(calls.count) attempts may count against it"
                )
                let isRecorded = failures[id].map { $0.isPermanent || $0.count >= Int64(maxAttempts) } ?? false
                hold("P6", isRecorded, "entry \(id) is dead, and the file has the failures \(failures[id] ?? (0, false)) of it")
            case 10, 11: hold("P2", entry.isTouched, "entry \(id) ends in state \(state), and no operator has changed it")
            default: break
            }
            if handlers.deaths[id, default: 0] > 0, !entry.isTouched {
                hold(
                    "P6", state == 9,
                    "entry \(id) killed the process \(handlers.deaths[id, default: 0]) times and ends in state \(state)")
            }
        }
        let mismatched = try view.rows(
            """
            SELECT c.state, c.n FROM counter c WHERE c.ledger = 1
            AND c.n <> (SELECT count(*) FROM journal j WHERE j.state = c.state)
            """)
        hold("file", mismatched.isEmpty, "the journal's counters are wrong: \(mismatched)")
    }

    /// What handlers wrote to a table of their own: by entry, the call.
    private func orders(_ view: FileView) throws -> [Int64: Int] {
        var orders: [Int64: Int] = [:]
        guard try view.int("SELECT 1 FROM sqlite_schema WHERE name = 'orders'") != nil else { return [:] }
        try view.each("SELECT entry, call FROM orders") { orders[$0.int(0)] = Int($0.int(1)) }
        return orders
    }

    private func outbox(_ view: FileView) throws {
        var states: [Int64: (state: Int64, error: String)] = [:]
        var attempts: [Int64: Int64] = [:]
        try view.each("SELECT id, state, coalesce(last_error, ''), attempts FROM outbox") {
            states[$0.int(0)] = ($0.int(1), $0.text(2))
            attempts[$0.int(0)] = $0.int(3)
        }
        for (id, command) in commands.sorted(by: { $0.key < $1.key }) {
            guard let (state, error) = states[id] else {
                hold("P4", false, "command \(id) was in the file, and is not any more")
                continue
            }
            let known = engine.commands[command.tag]
            // Only answers count, and never a connection that was lost.
            hold(
                "P4", attempts[id, default: 0] <= Int64(known?.answers.count ?? 0),
                "command \(id) has \(attempts[id, default: 0]) attempts, and was answered \(known?.answers ?? [])")
            switch state {
            case 8:
                hold(
                    "P4", known?.answers.contains { $0 == nil } ?? false,
                    "command \(id) is sent, and no node has taken it: \(known?.answers ?? [])")
            case 9:
                let node = entries[command.entry].map { engine.messages[$0.serial].node } ?? ""
                let wasUnlisted = engine.sights[.nodeUnlisted] != nil || engine.sights[.sickCenter] != nil
                let mayBeGone = command.isCall && error.hasPrefix("node gone") && (wasUnlisted || !isNodeUp(node))
                hold(
                    "P4", isRefused(command) || mayBeGone,
                    "command \(id) is dead, and the answers \(known?.answers ?? []) do not suffice for that: \(error)")
            case 11: hold("P4", command.isTouched, "command \(id) is cancelled, and nobody has cancelled it")
            default: hold("P4", false, "command \(id) ends in state \(state)")
            }
        }
    }

    private func names(of node: String) -> [String] {
        var names = [node]
        while let predecessor = engine.predecessors[names[names.count - 1]] { names.append(predecessor) }
        return names
    }

    private func losses(_ view: FileView) throws {
        let unclean = Set(try view.texts("SELECT DISTINCT node FROM epoch WHERE clean = 0"))
        for (serial, message) in engine.messages.enumerated() where message.isHandedOut && message.entries.isEmpty {
            if message.isAccountedFor { continue }
            // Written to a socket that was lost: the ledger says that the connection ended so.
            hold("P11", message.reader == 0, "m\(serial) was read by process \(message.reader) and is in no file")
            if message.reader == 0 {
                hold(
                    "P11", names(of: message.node).contains { unclean.contains($0) },
                    "m\(serial) was lost on its way from \(message.node), of which no connection ended uncleanly")
            }
        }
    }
}
