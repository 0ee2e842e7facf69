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
    /// Of a command what is shown of its texts, where the message that caused it holds what must not be shown.
    var words: (_ text: String, _ name: String) -> String = { text, _ in text }
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

    /// Texts that handlers and engines make, perhaps of the payload.
    private static let derived: Set<String> = ["last_error", "lane", "dedupe_key"]

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
        // Of what was not read whole nobody knows what may be quoted.
        let hidesQuotes = !rules.isEmpty && data == nil
        var rest = JSONWriter()
        rest.object { writer in
            for member in all where member.name != "data" && member.name != "data_base64" {
                writer.key(member.name)
                if Self.derived.contains(member.name), !hidesQuotes, let text = JSONParts.text(of: member.value) {
                    writer.string(words(text, member.name))
                } else {
                    writer.json(hidesQuotes ? Self.withoutQuotes(member) : Array(member.value))
                }
            }
            var shown = shown(data, isRedacted: !rules.isEmpty)
            if let text = shown?.text, !rules.isEmpty {
                // As an error that may quote it.
                shown?.text = Array(words(String(decoding: text, as: UTF8.self), "last_error").utf8)
            }
            write(shown, as: form, to: &writer)
        }
        return rest.bytes
    }

    private static func withoutQuotes(_ member: JSONParts.Member) -> [UInt8] {
        func hide(_ value: ArraySlice<UInt8>) -> [UInt8] {
            JSONParts.text(of: value) == nil ? Array(value) : JSONParts.string(hidden)
        }
        if derived.contains(member.name) { return hide(member.value) }
        guard member.name == "attempts_log", let log = JSONParts.elements(of: member.value) else { return Array(member.value) }
        return JSONParts.array(
            log.map { attempt in
                guard let members = JSONParts.members(of: attempt) else { return JSONParts.string(hidden) }
                return JSONParts.object(members.map { ($0.key, $0.name == "error" ? hide($0.value) : Array($0.value)) })
            })
    }

    /// A payload for people.
    private struct Shown {
        var text: [UInt8]
        var isBase64 = false
    }

    private func shown(_ data: JSONParts.Member?, isRedacted: Bool) -> Shown? {
        guard let payload else { return nil }
        guard let data else {
            if isRedacted { return Shown(text: Array(Self.hidden.utf8)) }
            guard type == .binary || String(validating: payload.text, as: UTF8.self) == nil else {
                return Shown(text: Array(payload.text))
            }
            return Shown(text: Array(Base64.text(payload.bytes).utf8), isBase64: true)
        }
        let isBase64 = type == .binary || data.name == "data_base64"
        guard type == .text || isBase64 else { return Shown(text: Array(data.value)) }
        // Something else stands there where a rule has taken it out.
        guard let text = JSONParts.text(of: data.value) else { return Shown(text: Array(data.value)) }
        return Shown(text: Array(text.utf8), isBase64: isBase64 && text != Self.hidden)
    }

    private func write(_ shown: Shown?, as form: Form, to writer: inout JSONWriter) {
        switch form {
        case .preview:
            writer.key("preview"); writer.string(shown.map { line($0) })
        case .whole:
            writer.key("payload"); writer.string(shown.map { String(decoding: $0.text, as: UTF8.self) })
            writer.key("payload_bytes"); writer.integer(payload?.size)
            writer.key("payload_is_base64"); writer.bool(shown?.isBase64 ?? false)
            writer.key("payload_is_cut"); writer.bool(payload.map { !$0.isWhole } ?? false)
        }
    }

    private func line(_ shown: Shown) -> String {
        let isWhole = payload?.isWhole == true
        let text =
            type == nil && isWhole && !shown.isBase64
            ? Preview.text(shown.text) : String(decoding: shown.text.prefix(600), as: UTF8.self)
        return isWhole ? text : "\(ByteText.text(payload?.size ?? 0)): \(text)"
    }
}

extension WebRow.Payload {
    /// Its beginning without a character that was cut in two.
    fileprivate var text: ArraySlice<UInt8> {
        guard !isWhole, let start = bytes.suffix(4).lastIndex(where: { $0 & 0xC0 != 0x80 }), bytes[start] >= 0xC0 else {
            return bytes[...]
        }
        return bytes[..<start]
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
