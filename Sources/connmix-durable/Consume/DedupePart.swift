import ArgumentParser
import ConnmixDurable

/// `--dedupe`: what of a message tells it from others.
enum DedupePart: ExpressibleByArgument, Sendable {
    case client
    case path(JSONPath)

    init?(argument: String) {
        if argument == "client" {
            self = .client
        } else {
            guard let path = JSONPath(argument) else { return nil }
            self = .path(path)
        }
    }

    /// The topic and the parts as a JSON array, which nothing in them can forge. `nil`, no check, where one is missing: a
    /// message too many harms less than one too few.
    static func key(_ parts: [DedupePart], of message: Message) -> String? {
        var values: [JSONPath.Value] = [.text(message.topic)]
        for part in parts {
            switch part {
            case .client: values.append(.text(message.client.text))
            case .path(let path):
                guard let value = path.value(in: message.data) else { return nil }
                values.append(value)
            }
        }
        var writer = JSONWriter()
        writer.array(values) { writer, value in
            switch value {
            case .text(let text): writer.string(text)
            case .literal(let text): writer.json(Array(text.utf8))
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
