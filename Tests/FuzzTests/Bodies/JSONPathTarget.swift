import Foundation
import NIOCore

@testable import ConnmixDurable
@testable import connmix_durable

/// A path and, behind a line's end, a message's data: `JSONPath`, `JSONParts`, `Preview`, redaction.
enum JSONPathTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let (first, rest) = bytes.parts(at: 0x0A)
        let data = Array(rest)
        try parts(data)
        let shown = Preview.text(data)
        try hold(shown.utf8.count <= 3 * 600 + 64, "a preview is bounded: \(shown.utf8.count)")
        guard let path = JSONPath(first.text) else { return }
        let value = path.value(in: ByteBuffer(bytes: data))
        try hold(path.value(in: ByteBuffer(bytes: data)) == value, "reading twice gives the same")
        guard let value, EngineReading.isJSON(data) else { return }
        try hold(EngineReading.isJSON(Array(value.json.utf8)), "a value is JSON: \(value.json)")
        try hold(value.json.utf8.count <= 6 * data.count + 2, "a value is bounded")
        try foundation(first.text, data, value)
    }

    /// Foundation finds the same text, where it reads the data at all and no name comes twice.
    private static func foundation(_ path: String, _ data: [UInt8], _ value: JSONPath.Value) throws {
        let members = data.count { $0 == UInt8(ascii: ":") }
        guard case .text(let text) = value, members == 1, !data.contains(UInt8(ascii: "\\")),
            var object = try? JSONSerialization.jsonObject(with: Data(data)) as? [String: Any]
        else { return }
        let keys = (path.first == "." ? path.dropFirst() : path[...]).split(separator: ".").map(String.init)
        guard keys.count == 1, let found = object.removeValue(forKey: keys[0]) as? String else {
            throw Broken(property: "Foundation finds a text at the path as well")
        }
        try hold(found == text, "Foundation finds the same text")
    }

    private static func parts(_ data: [UInt8]) throws {
        guard EngineReading.isJSON(data) else { return try hold(JSONParts.value(in: data) == nil, "what is no JSON is none") }
        guard let value = JSONParts.value(in: data) else { throw Broken(property: "JSON is a value") }
        if let members = JSONParts.members(of: value) {
            let again = JSONParts.object(members.map { ($0.key, Array($0.value)) })
            try hold(EngineReading.isJSON(again), "an object that was taken apart and put together is JSON")
            let names = JSONParts.members(of: again[...])?.map(\.name)
            try hold(names == members.map(\.name), "its members have the same names")
        }
        if let elements = JSONParts.elements(of: value) {
            let again = JSONParts.array(elements.map { Array($0) })
            try hold(JSONParts.elements(of: again[...])?.count == elements.count, "a list keeps its length")
        }
        var writer = JSONWriter()
        writer.json(data)
        try hold(EngineReading.isJSON(writer.bytes), "what is written for people is JSON")
        let controls = String(decoding: writer.bytes, as: UTF8.self).unicodeScalars.filter {
            $0.value < 0x20 && $0.value != 9 || (0x7F..<0xA0).contains($0.value)
        }
        try hold(controls.isEmpty, "no control character is written")
    }
}
