@testable import ConnmixDurable
@testable import connmix_durable

/// Lines of an import: `ImportLine`. And what splits a file or a pipe into lines.
enum ImportTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let line = Array(bytes)
        for kind in [ImportLine.Kind.kept, .pending] {
            let first: ImportLine
            do {
                first = try ImportLine(line, line: 7, of: "file", as: kind)
            } catch let failure as Failure {
                try hold(failure.exit == .badData, "a bad line is bad data")
                try hold(failure.message.utf8.count <= 1_000, "an error is bounded: \(failure.message.utf8.count)")
                continue
            }
            try hold(EngineReading.isJSON(bytes), "a line is JSON")
            let entry = first.entry
            try hold(entry.state != .running, "nobody runs what was imported")
            if kind == .pending {
                try hold(entry.state == .pending && EngineReading.isJSON(entry.data), "what is handed out is JSON")
                try hold((1...1_024).contains(entry.topic.utf8.count), "a topic is bounded")
                try hold((1...1_024).contains(entry.client.utf8.count), "a client is bounded")
            }
            if entry.clientIsNumber { try hold(EngineReading.isJSON(Array(entry.client.utf8)), "a number is one") }
            try again(first, line, kind)
        }
    }

    /// What was read, written as an export writes it, is read as the same.
    private static func again(_ first: ImportLine, _ line: [UInt8], _ kind: ImportLine.Kind) throws {
        let entry = first.entry
        let written = JSONWriter.line { writer in
            writer.key("topic"); writer.string(entry.topic)
            writer.key("client"); writer.string(entry.client)
            writer.key("client_is_number"); writer.bool(entry.clientIsNumber)
            writer.key("node"); writer.string(entry.node)
            writer.key("lane"); writer.string(entry.lane)
            if kind == .kept { writer.key("state"); writer.string("\(entry.state)") }
            writer.key("attempts"); writer.integer(entry.attempts)
            writer.key("received_at"); writer.time(entry.receivedAt)
            writer.key("last_error"); writer.string(entry.lastError)
            writer.key("dedupe_key"); writer.string(entry.dedupeKey)
            writer.data(entry.data)
        }
        // Tabs between tokens stay; nothing else that acts on a line or a terminal does.
        let controls = written.dropLast().filter { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }
        try hold(controls.isEmpty, "an export is one line without control characters")
        let second: ImportedEntry
        do {
            second = try ImportLine(written.dropLast(), line: 7, of: "file", as: kind).entry
        } catch let failure as Failure { throw Broken(property: "an export is imported: \(failure.message)") }
        try hold(second.topic == entry.topic && second.client == entry.client && second.node == entry.node, "names stay")
        try hold(second.lane == entry.lane && second.dedupeKey == entry.dedupeKey, "keys stay")
        try hold(second.state == entry.state && second.attempts == entry.attempts, "the state stays")
        try hold(second.receivedAt == entry.receivedAt, "times stay: \(entry.receivedAt ?? 0)")
        try hold(second.clientIsNumber == entry.clientIsNumber && second.lastError == entry.lastError, "the rest stays")
        try hold(sameValue(second.data, entry.data), "the payload stays")
    }

    /// Line ends between tokens became blanks, and raw control characters escapes.
    private static func sameValue(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        if one == other { return true }
        func written(_ json: [UInt8]) -> [UInt8] {
            var writer = JSONWriter()
            writer.json(json)
            return writer.bytes
        }
        return EngineReading.isJSON(one) && written(one) == written(other)
    }
}
