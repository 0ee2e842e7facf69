import ArgumentParser
import Logging

enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// One line an event on stderr. Whatever is logged, it cannot act on a terminal.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info
    private let format: LogFormat

    init(format: LogFormat) {
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        switch format {
        case .text:
            let tail = facts.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
            StandardError.write(line: "\(Timestamp.text(Age.now())) \(event.level) \(event.message)\(tail)")
        case .json:
            let line = JSONWriter.line { writer in
                writer.key("time"); writer.time(Age.now())
                writer.key("level"); writer.string(event.level.rawValue)
                writer.key("message"); writer.string(event.message.description)
                for fact in facts { writer.key(fact.key); writer.string("\(fact.value)") }
            }
            StandardError.write(String(decoding: line, as: UTF8.self))
        }
    }

    private static func quoted(_ text: String) -> String {
        text.contains { $0 == " " || $0 == "\"" || $0 == "=" }
            ? "\"" + text.replacing("\"", with: "\\\"") + "\"" : text
    }
}
