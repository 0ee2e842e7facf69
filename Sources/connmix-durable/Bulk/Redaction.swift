import ConnmixDurable

/// Puts a marker in place of values, wherever a rule leads. `*` is any key; elements of arrays are all meant; a text that is JSON
/// itself is gone through, as by other paths.
///
/// What may quote what was taken out goes with it: the errors of the entry, its lane and its dedupe key.
struct Redaction {
    static let marker = Array("\"[redacted]\"".utf8)
    /// Texts that handlers and closures make, perhaps of the payload.
    private static let derived: Set<String> = ["last_error", "lane", "dedupe_key"]

    private typealias Rule = (rule: Int, depth: Int)

    private let paths: [[String]]
    /// Which rules led to something.
    private var hits: Set<Int> = []
    /// What was taken out of the entry at hand, and how often.
    private var secrets = Secrets()
    private var hidden = 0

    init(_ rules: [RedactionRules]) {
        paths = rules.flatMap(\.paths)
    }

    /// Rules that never led to anything: perhaps they were mistyped.
    ///
    /// - Parameter hasData: whether there were payloads that they could lead into.
    func idle(hasData: Bool) -> [String] {
        paths.indices.filter { !hits.contains($0) && (hasData || !Self.leadsIntoData(paths[$0])) }
            .map { RedactionRules.text(of: paths[$0]) }
    }

    /// - Parameters:
    ///   - json: an entry as a JSON object, on one line.
    ///   - isUnreadable: its payload is a frame that was not understood. Nobody knows what stands where in it: where a rule leads into
    ///     data, all of it is meant.
    mutating func apply(to json: [UInt8], isUnreadable: Bool) -> [UInt8] {
        guard !paths.isEmpty else { return json }
        secrets = Secrets()
        guard let members = JSONParts.members(of: json[...]) else { return Self.marker }
        let hidesData = paths.contains(where: Self.leadsIntoData)
        let all = paths.indices.map { (rule: $0, depth: 0) }
        var result = members.map { member -> (key: ArraySlice<UInt8>, value: [UInt8]) in
            let value = self.member(member, all)
            // A payload that is no JSON has no values to choose from, either.
            let isOpaque = hidesData && (member.name == "data_base64" || isUnreadable && member.name == "data")
            guard isOpaque || value == Self.marker else { return (member.key, value) }
            // Base64 would be expected behind the other name.
            let key = member.name == "data_base64" ? JSONParts.string("data")[...] : member.key
            return (key, Self.marker)
        }
        guard !secrets.isEmpty else { return JSONParts.object(result) }
        for (index, member) in members.enumerated() {
            if Self.derived.contains(member.name) {
                result[index].value = withoutQuotes(result[index].value)
            } else if member.name == "attempts_log", let log = JSONParts.elements(of: result[index].value[...]) {
                result[index].value = JSONParts.array(log.map { withoutQuotingErrors($0) })
            }
        }
        return JSONParts.object(result)
    }

    private static func leadsIntoData(_ path: [String]) -> Bool {
        path[0] == "data" || path[0] == "data_base64" || path[0] == "*"
    }

    // MARK: Rules

    /// - Parameter rules: those that lead through here, and how far each has come.
    private mutating func value(_ json: ArraySlice<UInt8>, _ rules: [Rule]) -> [UInt8] {
        if rules.isEmpty { return Array(json) }
        switch json.first {
        case UInt8(ascii: "{"):
            // What cannot be understood is not let through.
            guard let members = JSONParts.members(of: json) else { return Self.marker }
            return JSONParts.object(members.map { ($0.key, member($0, rules)) })
        case UInt8(ascii: "["):
            guard let elements = JSONParts.elements(of: json) else { return Self.marker }
            return JSONParts.array(elements.map { value($0, rules) })
        case UInt8(ascii: "\""): return string(json, rules)
        default: return Array(json)
        }
    }

    private mutating func member(_ member: JSONParts.Member, _ rules: [Rule]) -> [UInt8] {
        var further: [Rule] = []
        var isHidden = false
        for (rule, depth) in rules {
            let path = paths[rule]
            let isNamed = path[depth] == member.name || depth == 0 && path[0] == "data" && member.name == "data_base64"
            guard isNamed || path[depth] == "*" else { continue }
            if depth + 1 == path.count {
                hits.insert(rule)
                isHidden = true
            } else {
                further.append((rule, depth + 1))
            }
        }
        guard isHidden else { return value(member.value, further) }
        return hide(member.value)
    }

    private mutating func hide(_ json: ArraySlice<UInt8>) -> [UInt8] {
        secrets.add(json)
        hidden += 1
        return Self.marker
    }

    /// A text that holds JSON stays one, with other values in it; what holds nothing to hide stays as it was written.
    private mutating func string(_ json: ArraySlice<UInt8>, _ rules: [Rule]) -> [UInt8] {
        guard let text = JSONParts.text(of: json) else { return Self.marker }
        let bytes = Array(text.utf8)
        if let inner = JSONParts.value(in: bytes) {
            let before = hidden
            let result = value(inner, rules)
            return hidden == before ? Array(json) : JSONParts.string(String(decoding: result, as: UTF8.self))
        }
        let found = rules.filter { Self.mayHold(paths[$0.rule][$0.depth], bytes) }
        guard !found.isEmpty else { return Array(json) }
        hits.formUnion(found.map(\.rule))
        return hide(json)
    }

    /// Whether a text that is no JSON by the standard may still be read as such by somebody, and hold the key: several values, one
    /// that is cut or nested too deeply, one in base64.
    private static func mayHold(_ key: String, _ text: [UInt8]) -> Bool {
        func holds(_ text: [UInt8]) -> Bool {
            var start = text.drop { $0 <= 0x20 }
            if start.starts(with: [0xEF, 0xBB, 0xBF]) { start = start.dropFirst(3) }
            guard let first = start.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return false }
            return key == "*" || String(decoding: start, as: UTF8.self).contains(key)
        }
        if holds(text) { return true }
        // How base64 of a brace or a bracket begins.
        guard let first = text.first, first == UInt8(ascii: "e") || first == UInt8(ascii: "W"), text.count >= 4,
            let bytes = Base64.bytes(String(decoding: text, as: UTF8.self))
        else { return false }
        return holds(bytes)
    }

    // MARK: Quotes

    private func withoutQuotes(_ json: [UInt8]) -> [UInt8] {
        guard let text = JSONParts.text(of: json[...]), secrets.mayBeQuoted(in: text) else { return json }
        return Self.marker
    }

    private func withoutQuotingErrors(_ attempt: ArraySlice<UInt8>) -> [UInt8] {
        guard let members = JSONParts.members(of: attempt) else { return Array(attempt) }
        return JSONParts.object(
            members.map { ($0.key, $0.name == "error" ? withoutQuotes(Array($0.value)) : Array($0.value)) })
    }
}
