import ConnmixDurable

/// A line of an import: `topic`, `client` and `data` must be there, `node` and `lane` may be; what else stands there is passed over.
enum ImportLine {
    private static let nameLimit = 1_024

    /// - Throws: `Failure` with exit code 65 that names the line.
    static func entry(_ json: [UInt8], line: Int64, of file: String) throws -> JournalImport.Entry {
        func bad(_ what: String) -> Failure { Failure(.badData, "line \(line) of \(file): \(what)") }
        guard json.withUnsafeBufferPointer({ JSONScanner.isValue($0) }) else { throw bad("it is no JSON") }
        var texts: [String: String] = [:]
        var data: [UInt8]?
        let isObject = json.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            return scanner.object { key, escaped, scanner in
                let name = scanner.text((key, escaped))
                if scanner.peek() == UInt8(ascii: "\""), name != "data" {
                    guard let found = scanner.string() else { return false }
                    texts[name] = scanner.text(found)
                    return true
                }
                guard let value = scanner.value() else { return false }
                if name == "data" { data = Array(bytes[value]) }
                return true
            }
        }
        guard isObject else { throw bad("it is no JSON object") }
        func text(_ name: String, required: Bool) throws -> String? {
            guard let text = texts[name] else {
                if required { throw bad("\"\(name)\" is missing or no text") }
                return nil
            }
            guard text.utf8.count <= nameLimit, !required || !text.isEmpty else {
                throw bad("\"\(name)\" has \(text.utf8.count) bytes; it may have 1 to \(nameLimit)")
            }
            return text
        }
        guard let topic = try text("topic", required: true), let client = try text("client", required: true) else {
            throw bad("\"topic\" or \"client\" is missing")
        }
        if data == nil, let encoded = texts["data_base64"] {
            guard let bytes = Base64.bytes(encoded) else { throw bad("\"data_base64\" is not base64") }
            // The consumer hands out nothing that is no JSON.
            guard bytes.withUnsafeBufferPointer({ JSONScanner.isValue($0) }) else {
                throw bad("its data is no JSON, and no handler could take it; leave the line out")
            }
            data = bytes
        }
        guard let data else { throw bad("\"data\" is missing; it cannot be imported without its payload") }
        guard data.count <= InputFile.payloadLimit else {
            throw bad("\"data\" has more than \(InputFile.payloadLimit >> 20) MiB")
        }
        return JournalImport.Entry(
            topic: topic, node: try text("node", required: false) ?? "", client: client,
            lane: try text("lane", required: false), data: data, line: line)
    }
}
