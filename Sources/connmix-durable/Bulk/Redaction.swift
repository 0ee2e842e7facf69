import ArgumentParser
import ConnmixDurable

/// `data.user.phone`, or several with commas: which values of a JSON object are not shown.
struct RedactionRules: ExpressibleByArgument {
    let paths: [[String]]

    init?(argument: String) {
        var paths: [[String]] = []
        for rule in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let path = rule.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard path.allSatisfy({ !$0.isEmpty }) else { return nil }
            paths.append(path)
        }
        self.paths = paths
    }
}

/// Puts a marker in place of values, wherever a rule leads. `*` is any key; elements of arrays are all meant.
struct Redaction {
    static let marker = "\"[redacted]\""

    private let paths: [[String]]
    /// Which rules led to something.
    private(set) var hits: Set<Int> = []

    init(_ rules: [RedactionRules]) {
        paths = rules.flatMap(\.paths)
    }

    /// Rules that never led to anything: perhaps they were mistyped.
    var idle: [String] { paths.indices.filter { !hits.contains($0) }.map { paths[$0].joined(separator: ".") } }

    /// - Parameter json: a JSON value, on one line.
    mutating func apply(to json: [UInt8]) -> [UInt8] {
        guard !paths.isEmpty else { return json }
        return value(json[...], paths.indices.map { ($0, 0) })
    }

    /// - Parameter rules: those that lead through here, and how far each has come.
    private mutating func value(_ json: ArraySlice<UInt8>, _ rules: [(rule: Int, depth: Int)]) -> [UInt8] {
        if rules.isEmpty { return Array(json) }
        switch json.first {
        case UInt8(ascii: "{"): return object(json, rules)
        case UInt8(ascii: "["): return array(json, rules)
        default: return Array(json)
        }
    }

    private mutating func object(_ json: ArraySlice<UInt8>, _ rules: [(rule: Int, depth: Int)]) -> [UInt8] {
        var members: [(key: Range<Int>, name: String, value: Range<Int>)] = []
        let isObject = json.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            return scanner.object { key, escaped, scanner in
                guard let value = scanner.value() else { return false }
                members.append((key, scanner.text((key, escaped)), value))
                return true
            }
        }
        // What cannot be understood is not let through.
        guard isObject else { return Array(Self.marker.utf8) }
        let bytes = Array(json)
        var result: [UInt8] = [UInt8(ascii: "{")]
        for (index, member) in members.enumerated() {
            if index > 0 { result.append(UInt8(ascii: ",")) }
            result.append(UInt8(ascii: "\""))
            result += bytes[member.key]
            result += [UInt8(ascii: "\""), UInt8(ascii: ":")]
            result += self.member(member.name, bytes[member.value], rules)
        }
        return result + [UInt8(ascii: "}")]
    }

    private mutating func member(
        _ name: String, _ json: ArraySlice<UInt8>, _ rules: [(rule: Int, depth: Int)]
    ) -> [UInt8] {
        var further: [(rule: Int, depth: Int)] = []
        var isHidden = false
        for (rule, depth) in rules {
            let path = paths[rule]
            // A payload that is no JSON has no values to choose from: all of it is meant.
            let isWhole = depth == 0 && path[0] == "data" && name == "data_base64"
            guard path[depth] == name || path[depth] == "*" || isWhole else { continue }
            if depth + 1 == path.count || isWhole {
                hits.insert(rule)
                isHidden = true
            } else {
                further.append((rule, depth + 1))
            }
        }
        return isHidden ? Array(Self.marker.utf8) : value(json, further)
    }

    private mutating func array(_ json: ArraySlice<UInt8>, _ rules: [(rule: Int, depth: Int)]) -> [UInt8] {
        var elements: [Range<Int>] = []
        let isArray = json.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            guard scanner.consume(UInt8(ascii: "[")) else { return false }
            if scanner.consume(UInt8(ascii: "]")) { return true }
            repeat {
                _ = scanner.peek()
                guard let value = scanner.value() else { return false }
                elements.append(value)
            } while scanner.consume(UInt8(ascii: ","))
            return scanner.consume(UInt8(ascii: "]"))
        }
        guard isArray else { return Array(Self.marker.utf8) }
        let bytes = Array(json)
        var result: [UInt8] = [UInt8(ascii: "[")]
        for (index, element) in elements.enumerated() {
            if index > 0 { result.append(UInt8(ascii: ",")) }
            result += value(bytes[element], rules)
        }
        return result + [UInt8(ascii: "]")]
    }
}
