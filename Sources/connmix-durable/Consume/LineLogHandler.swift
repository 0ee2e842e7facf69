import ArgumentParser
import Logging

enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
    /// The level as the journal of systemd reads it, and no time: it has its own.
    case journal
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
        StandardError.write(
            Self.line(event.level, event.message.description, facts.map { ($0.key, "\($0.value)") }, format))
    }

    /// The line that says how many lines there were no room for.
    static func dropped(_ count: Int, _ format: LogFormat) -> String {
        line(.warning, "log lines were dropped: nobody read stderr", [("lines", "\(count)")], format)
    }

    private static func line(
        _ level: Logger.Level, _ message: String, _ facts: [(key: String, value: String)], _ format: LogFormat
    ) -> String {
        switch format {
        case .text:
            let tail = facts.map { " \($0.key)=\(quoted($0.value))" }.joined()
            return "\(Timestamp.text(Timestamp.now())) \(level) \(message)\(tail)".escapedForTerminal + "\n"
        case .journal:
            let tail = facts.map { " \($0.key)=\(quoted($0.value))" }.joined()
            return "<\(priority(level))>\(message)\(tail)".escapedForTerminal + "\n"
        case .json:
            let line = JSONWriter.line { writer in
                writer.key("time"); writer.time(Timestamp.now())
                writer.key("level"); writer.string(level.rawValue)
                writer.key("message"); writer.string(message)
                for fact in facts { writer.key(fact.key); writer.string(fact.value) }
            }
            return String(decoding: line, as: UTF8.self)
        }
    }

    /// sd-daemon(3).
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private static func quoted(_ text: String) -> String {
        text.contains { $0 == " " || $0 == "\"" || $0 == "=" }
            ? "\"" + text.replacing("\"", with: "\\\"") + "\"" : text
    }
}
