@testable import ConnmixDurable
import NIOCore

/// Commands as handlers of other languages write them: `Command(wire:)`, and what `RequestEncoder` makes of them.
enum RequestTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let command: Command
        do {
            command = try Command(wire: Array(bytes))
        } catch {
            try hold(error.code == .badData, "what is no request is bad data")
            try hold(error.message.utf8.count <= 400, "an error is bounded")
            try hold(error.message.unicodeScalars.allSatisfy(\.isForPeople), "an error can be shown")
            _ = try? Command(wire: Array(bytes), anyMethod: false)
            return
        }
        try hold(EngineReading.isJSON(bytes), "a request is JSON")
        if let strict = try? Command(wire: Array(bytes), anyMethod: false) {
            try hold(strict == command, "a known name changes nothing")
            try hold(!["queue.pop", "queue.unpop"].contains(command.method), "what is consumed is not the handler's")
        }
        var written = ByteBuffer(string: "before")
        RequestEncoder.command(command, id: 17, into: &written)
        written.moveReaderIndex(forwardBy: 6)
        let text = Array(written.readableBytesView)
        try hold(EngineReading.isJSON(text), "what is written is JSON")
        let again = try? Command(wire: text)
        try hold(again == command, "what is written is read as the same command")
        try hold(command.storedProblem == nil, "what was taken can be stored")
        // The engine reads a line; nothing may end it early.
        switch command.kind {
        case .send, .publish: try hold(!text.contains { $0 < 0x20 }, "no control character is written")
        case .call, .request: break
        }
        var parameters = ByteBuffer()
        if RequestEncoder.meshParameters(command, into: &parameters) {
            try hold(EngineReading.isJSON(Array(parameters.readableBytesView)), "parameters alone are JSON")
        } else {
            try hold(parameters.readableBytes == 0, "of what is no mesh command nothing is written")
        }
    }
}
