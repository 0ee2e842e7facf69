import ConnmixDurable

extension ImportLine {
    /// The members of an object that came from outside, read as what they should be. Of members with the same name the last counts.
    struct Fields {
        private let members: [String: [UInt8]]
        /// An error that names the line.
        let bad: (String) -> Failure

        init(_ json: [UInt8], bad: @escaping (String) -> Failure) throws {
            guard json.withUnsafeBufferPointer({ JSONScanner.isValue($0) }) else { throw bad("it is no JSON") }
            guard let members = JSONParts.members(of: json[...]) else { throw bad("it is no JSON object") }
            self.members = Dictionary(members.map { ($0.name, Array($0.value)) }) { $1 }
            self.bad = bad
        }

        /// Any value, as it is written.
        func json(_ name: String) -> [UInt8]? { members[name] }

        /// `nil` where it is missing or null.
        func text(_ name: String, limit: Int) throws -> String? {
            guard let json = value(name) else { return nil }
            guard let text = JSONParts.text(of: json[...]) else { throw wrong(name, json, "a text") }
            guard text.utf8.count <= limit else {
                throw bad("\"\(name)\" has \(text.utf8.count) bytes; it may have \(limit)")
            }
            return text
        }

        func integer(_ name: String, _ range: ClosedRange<Int64>) throws -> Int64? {
            guard let json = value(name) else { return nil }
            guard let number = Int64(String(decoding: json, as: UTF8.self)), range.contains(number) else {
                throw wrong(name, json, "a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }

        func bool(_ name: String) throws -> Bool? {
            guard let json = value(name) else { return nil }
            switch String(decoding: json, as: UTF8.self) {
            case "true": return true
            case "false": return false
            default: throw wrong(name, json, "true or false")
            }
        }

        /// Microseconds since 1970.
        func time(_ name: String) throws -> Int64? {
            guard let json = value(name) else { return nil }
            guard let text = JSONParts.text(of: json[...]), let time = Timestamp.microseconds(text) else {
                throw wrong(name, json, "a time such as 2026-08-01T12:00:00.000000Z")
            }
            return time
        }

        func oneOf<Choice: CustomStringConvertible>(_ name: String, _ all: [Choice]) throws -> Choice? {
            guard let json = value(name) else { return nil }
            guard let text = JSONParts.text(of: json[...]), let found = all.first(where: { $0.description == text }) else {
                throw wrong(name, json, "one of " + all.map(\.description).joined(separator: ", "))
            }
            return found
        }

        func objects<Element>(_ name: String, limit: Int, _ make: (Fields) throws -> Element) throws -> [Element] {
            guard let json = value(name) else { return [] }
            guard let elements = JSONParts.elements(of: json[...]), elements.count <= limit else {
                throw wrong(name, json, "a list of at most \(limit) objects")
            }
            return try elements.map { try make(Fields(Array($0), bad: bad)) }
        }

        private func value(_ name: String) -> [UInt8]? {
            guard let json = members[name], !json.elementsEqual("null".utf8) else { return nil }
            return json
        }

        private func wrong(_ name: String, _ json: [UInt8], _ what: String) -> Failure {
            bad("\"\(name)\" is \(String(decoding: json.prefix(100), as: UTF8.self)); it must be \(what)")
        }
    }
}
