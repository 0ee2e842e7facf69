import ConnmixDurable
import NIOCore

/// A message as handlers in other languages get it: one line of JSON.
enum MessageLine {
    static func bytes(_ message: Message) -> [UInt8] {
        JSONWriter.line { writer in
            writer.key("id"); writer.integer(message.id)
            writer.key("topic"); writer.string(message.topic)
            writer.key("node"); writer.string(message.node)
            writer.key("client"); writer.string(message.client.text)
            writer.key("attempt"); writer.integer(message.attempt)
            writer.key("received_at"); writer.time(message.receivedAt)
            writer.data(Array(message.data.readableBytesView))
        }
    }
}
