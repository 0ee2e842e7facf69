import ConnmixDurable

/// What the console reads, as JSON: the keys of the command line, and what a page needs beside them.
struct WebReads {
    let inspector: Inspector
    let redaction: [RedactionRules]
    /// Throws where a search must end.
    let check: () throws -> Void

    /// So much of a payload is read for a list, and for one row.
    private static let listedBytes = 8 << 10
    private static let shownBytes = 256 << 10
    private static let usualLimit = 50
    /// So many attempts and commands of one entry are shown, and so many lanes.
    private static let partLimit = 200

    func status(_ snapshot: StatusSnapshot) -> String {
        JSONWriter.text { writer in
            writer.members(of: snapshot) { text, entry in
                entry.map { masked(text, $0) } ?? (redaction.isEmpty ? text : WebRow.hidden)
            }
        }
    }

    // MARK: Ledgers

    func rows(_ list: some RowListCommand) throws -> String { try page(list) }

    private func page<List: RowListCommand>(_ list: List) throws -> String {
        typealias Row = List.Filters.Row
        let limit = list.filters.common.limit ?? Self.usualLimit
        var filter = list.filters.filter
        // One more than is shown tells whether there are more.
        (filter.after, filter.limit) = (list.page.after, limit + 1)
        let found = try Row.page(inspector, filter, withData: false) { _ in try check() }
        let rows = Array(found.prefix(limit))
        let shown = try Row.shown(rows, self)
        return JSONWriter.text { writer in
            writer.key("rows"); writer.array(shown) { $0.json($1) }
            writer.key("next"); writer.integer(found.count > limit ? rows.last?.id : nil)
        }
    }

    func row(_ ledger: Ledger, _ id: Int64) throws -> String {
        var bytes: [UInt8]
        switch ledger {
        case .journal:
            let detail = try JournalDetail.read(inspector, id, withData: false)
            var row = WebRow(detail.entry, try payloads([id], .journal, Self.shownBytes)[id])
            row.more = { $0.log(of: detail.attempts.suffix(Self.partLimit)) }
            bytes = row.json(redaction, as: .whole)
            let commands = try OutboxRecord.shown(Array(detail.commands.prefix(Self.partLimit)), self)
            bytes.removeLast()
            var rest = JSONWriter()
            rest.object { writer in
                writer.key("commands"); writer.array(commands) { $0.json($1) }
                writer.key("more_commands"); writer.integer(max(0, detail.commands.count - Self.partLimit))
                writer.key("replays"); writer.array(detail.replays.prefix(Self.partLimit)) { $0.integer($1) }
            }
            bytes += [UInt8(ascii: ",")] + rest.bytes.dropFirst()
        case .outbox:
            let detail = try OutboxRecord.Detail.read(inspector, id, withData: false)
            var row = WebRow(detail.command, waiting: detail.waiting, try payloads([id], .outbox, Self.shownBytes)[id])
            row.words = words(of: detail.command.messageID)
            row.more = { writer in
                writer.key("waits")
                writer.array(detail.waits) { writer, wait in
                    writer.object { writer in
                        wait.write(to: &writer)
                        writer.key("text"); writer.string(wait.text(now: Timestamp.now()))
                    }
                }
            }
            bytes = row.json(redaction, as: .whole)
        }
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }

    fileprivate func listed(_ ids: [Int64], _ ledger: Ledger) throws -> [Int64: WebRow.Payload] {
        try payloads(ids, ledger, Self.listedBytes)
    }

    private func payloads(_ ids: [Int64], _ ledger: Ledger, _ whole: Int) throws -> [Int64: WebRow.Payload] {
        try inspector.payloads(of: ids, in: ledger, whole: whole).mapValues { .init(bytes: $0.bytes, size: $0.size) }
    }

    func causes(_ command: some RowCausesCommand) throws -> String { try found(command) }

    private func found<Causes: RowCausesCommand>(_ command: Causes) throws -> String {
        let found = try command.found(inspector, now: Timestamp.now()) { _ in try check() }
        let shown = command.causes.limit == 0 ? found[...] : found.prefix(command.causes.limit)
        return JSONWriter.text { writer in
            writer.key("rows")
            writer.array(shown) { writer, cause in
                writer.object { writer in
                    writer.members(of: cause, title: Causes.Row.causeTitle) { masked($0, cause.example, Causes.Row.ledger) }
                }
            }
            writer.key("more"); writer.integer(found.count - shown.count)
        }
    }

    // MARK: The others

    func lanes() throws -> String {
        let lanes = try inspector.stillLanes()
        return JSONWriter.text { writer in
            writer.key("rows")
            writer.array(lanes.prefix(Self.partLimit)) { writer, lane in
                let (name, reason) = masked(lane)
                writer.object { writer in
                    writer.members(of: lane, name: name, reason: reason)
                    // What is not shown cannot be named, either.
                    writer.key("can_be_named"); writer.bool(name == lane.lane)
                }
            }
            writer.key("more"); writer.integer(max(0, lanes.count - Self.partLimit))
        }
    }

    func losses(_ gaps: GapsCommand) throws -> String {
        let losses = try gaps.losses(inspector)
        return JSONWriter.text { writer in
            writer.key("rows"); writer.array(losses) { writer, loss in writer.object { $0.members(of: loss) } }
        }
    }

    func actions(_ list: ActionsListCommand) throws -> String {
        let listed = try list.actions(inspector)
        return JSONWriter.text { writer in
            writer.key("rows")
            writer.array(listed) { writer, listed in
                writer.object { writer in
                    writer.members(of: listed, selection: redaction.isEmpty ? nil : "\"\(WebRow.hidden)\"")
                    writer.key("can_be_undone"); writer.bool(OperatorVerb(rawValue: listed.action.verb)?.canBeUndone ?? false)
                }
            }
        }
    }

    // MARK: Redaction

    /// What is shown of the texts of a command, which its handler may have made of its message.
    fileprivate func words(of message: Int64?) -> (String, String) -> String {
        guard !redaction.isEmpty, let message else { return { text, _ in text } }
        return { masked([$1: $0], message, .journal)[$1] ?? WebRow.hidden }
    }

    /// Whether a lane stands still whose name may be shown. One that may not is as unknown as any other.
    func knows(lane: String) throws -> Bool {
        guard !redaction.isEmpty else { return true }
        return try inspector.stillLanes().contains { $0.lane == lane && masked($0).name == lane }
    }

    private func masked(_ lane: StillLane) -> (name: String, reason: String) {
        let texts = masked(["lane": lane.lane, "last_error": lane.reason], lane.head, .journal)
        return (texts["lane"] ?? WebRow.hidden, texts["last_error"] ?? WebRow.hidden)
    }

    /// A text that a handler or the engine made of an entry, without what must not be shown.
    private func masked(_ text: String, _ entry: Int64) -> String { masked(text, entry, .journal) }

    private func masked(_ text: String, _ id: Int64, _ ledger: Ledger) -> String {
        masked(["last_error": text], id, ledger)["last_error"] ?? WebRow.hidden
    }

    /// - Parameter texts: by the names under which rules and quotes are looked for.
    private func masked(_ texts: [String: String], _ id: Int64, _ ledger: Ledger) -> [String: String] {
        guard !redaction.isEmpty else { return texts }
        guard let payload = try? payloads([id], ledger, Self.shownBytes)[id], payload.isWhole else { return [:] }
        var writer = JSONWriter()
        writer.object { writer in
            for (name, text) in texts { writer.key(name); writer.string(text) }
            writer.data(payload.bytes)
        }
        var rules = Redaction(redaction)
        let members = JSONParts.members(of: rules.apply(to: writer.bytes, isUnreadable: false)[...]) ?? []
        return Dictionary(members.compactMap { member in JSONParts.text(of: member.value).map { (member.name, $0) } }) { $1 }
    }
}

extension LedgerRow {
    /// Rows with their payloads' beginnings.
    fileprivate static func shown(_ rows: [Self], _ reads: WebReads) throws -> [[UInt8]] {
        let payloads = try reads.listed(rows.map(\.id), ledger)
        let waiting = try waiting(reads.inspector)
        return rows.map { row in
            var shown = row.webRow(payloads[row.id], waiting)
            if let command = row as? OutboxRecord { shown.words = reads.words(of: command.messageID) }
            return shown.json(reads.redaction, as: .preview)
        }
    }
}
