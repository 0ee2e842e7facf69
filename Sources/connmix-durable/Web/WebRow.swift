import ConnmixDurable

/// A row as the console shows it: the command line's keys, and in the place of `data` its text, exactly as it was received: a
/// browser's numbers are shorter than connmix's.
struct WebRow {
    /// Of a large one the beginning.
    struct Payload {
        let bytes: [UInt8]
        let size: Int64

        var isWhole: Bool { size <= bytes.count }
    }

    enum Form {
        /// `preview`: a line.
        case preview
        /// `payload`, `payload_bytes` and `payload_is_cut`.
        case whole
    }

    /// What stands where something is not shown.
    static let hidden = "[redacted]"

    private let members: (inout JSONWriter) -> Void
    private let payload: Payload?
    /// `nil` for an entry.
    private let type: OutboxRecord.DataType?
    private let isUnreadable: Bool
    /// Further members.
    var more: (inout JSONWriter) -> Void = { _ in }

    init(_ entry: JournalRecord, _ payload: Payload?) {
        members = { writer in
            writer.members(of: entry)
            writer.key("lane"); writer.string(entry.lane)
        }
        (self.payload, type, isUnreadable) = (payload, nil, entry.isUnreadable)
    }

    init(_ command: OutboxRecord, waiting: [StatusReport.Waiting], _ payload: Payload?) {
        members = { $0.members(of: command, waiting: waiting) }
        (self.payload, type, isUnreadable) = (payload, command.type, false)
    }

    /// An object, without what the rules take out.
    func json(_ rules: [RedactionRules], as form: Form) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            members(&writer)
            more(&writer)
            guard let payload, payload.isWhole else { return }
            switch type {
            case nil: writer.data(payload.bytes)
            case let type?: writer.payload(payload.bytes, of: type)
            }
        }
        var redaction = Redaction(rules)
        let object = redaction.apply(to: writer.bytes, isUnreadable: isUnreadable)
        guard let all = JSONParts.members(of: object[...]) else { return JSONParts.string(Self.hidden) }
        let data = all.first { $0.name == "data" || $0.name == "data_base64" }
        var rest = JSONWriter()
        rest.object { writer in
            for member in all where member.name != "data" && member.name != "data_base64" {
                writer.key(member.name); writer.json(Array(member.value))
            }
            write(shown(data, isRedacted: !rules.isEmpty), as: form, to: &writer)
        }
        return rest.bytes
    }

    /// The payload for people.
    private func shown(_ data: JSONParts.Member?, isRedacted: Bool) -> [UInt8]? {
        guard let payload else { return nil }
        guard let data else {
            // Too large to be read whole: nobody knows what stands in it.
            return isRedacted ? Array(Self.hidden.utf8) : payload.bytes
        }
        let isText = type == .text || type == .binary || data.name == "data_base64"
        return isText ? JSONParts.text(of: data.value).map { Array($0.utf8) } : Array(data.value)
    }

    private func write(_ shown: [UInt8]?, as form: Form, to writer: inout JSONWriter) {
        switch form {
        case .preview:
            writer.key("preview"); writer.string(shown.map { line($0) })
        case .whole:
            writer.key("payload"); writer.string(shown.map { String(decoding: $0, as: UTF8.self) })
            writer.key("payload_bytes"); writer.integer(payload?.size)
            writer.key("payload_is_cut"); writer.bool(payload.map { !$0.isWhole } ?? false)
        }
    }

    private func line(_ shown: [UInt8]) -> String {
        let isWholeEntry = type == nil && payload?.isWhole == true
        let text = isWholeEntry ? Preview.text(shown) : String(decoding: shown.prefix(600), as: UTF8.self)
        return payload?.isWhole == true ? text : "\(ByteText.text(payload?.size ?? 0)): \(text)"
    }
}

extension JournalRecord {
    func webRow(_ payload: WebRow.Payload?, _ waiting: [StatusReport.Waiting]) -> WebRow { WebRow(self, payload) }
}

extension OutboxRecord {
    func webRow(_ payload: WebRow.Payload?, _ waiting: [StatusReport.Waiting]) -> WebRow {
        WebRow(self, waiting: waiting, payload)
    }
}
