@testable import ConnmixDurable
@testable import connmix_durable
import NIOCore

/// What handlers' processes print: lines, answers, commands, complaints.
enum WorkerTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let pieces = bytes.pieces
        let lines = try split([bytes])
        try hold(try split(pieces) == lines, "lines are the same in pieces")
        let plain = Array(bytes).split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        try hold(lines == plain, "lines are lines")
        for line in lines { try answer(line) }
        try session(lines)
        try complaints(bytes, pieces)
    }

    /// The last is what has no end yet.
    private static func split(_ pieces: [UnsafeRawBufferPointer]) throws -> [[UInt8]] {
        var splitter = LineSplitter()
        let lines = try pieces.flatMap { try splitter.append(Array($0)) }
        return lines + [splitter.rest]
    }

    private static func answer(_ line: [UInt8]) throws {
        guard let answer = WorkerAnswer(line) else { return }
        try hold(EngineReading.isJSON(line), "an answer is JSON")
        try hold(WorkerAnswer(line) == answer, "decoding twice gives the same")
        switch answer.verdict {
        case .done(let commands):
            for command in commands {
                try hold(!["queue.pop", "queue.unpop"].contains(command.method), "what is consumed is not the handler's")
                var buffer = ByteBuffer()
                RequestEncoder.command(command, id: 1, into: &buffer)
                try hold(EngineReading.isJSON(Array(buffer.readableBytesView)), "a command is JSON")
            }
        case .retry(let pause, _): try hold(pause >= .zero && pause <= .seconds(10_000_000), "a pause is bounded")
        case .failed(let reason), .permanent(let reason):
            try hold(reason.utf8.count <= 3 * line.count + 500, "a reason is bounded")
        }
    }

    /// A worker that holds message 1 and has 2 ahead.
    private static func session(_ lines: [[UInt8]]) throws {
        var session = WorkerSession()
        let now = NIODeadline.uptimeNanoseconds(1)
        for id in Int64(1)...3 {
            if session.room(now: now) == .free { session.take(id, now: now) }
            for line in lines.prefix(8) {
                if case .finish = session.answered(line, now: now) {
                    try hold(WorkerAnswer(line)?.id == id, "only its own answer ends a message")
                    break
                }
            }
        }
        try hold(session.answers <= 3, "a message is answered once")
    }

    private static func complaints(_ bytes: UnsafeRawBufferPointer, _ pieces: [UnsafeRawBufferPointer]) throws {
        var (whole, parts) = (BoundedLines(), BoundedLines())
        let lines = whole.append(Array(bytes)[...])
        try hold(pieces.flatMap { parts.append(Array($0)[...]) } == lines, "complaints are the same in pieces")
        try hold(lines.allSatisfy { $0.utf8.count <= 3 * BoundedLines.limit }, "a complaint is bounded")
        var (tail, tails) = (ByteTail(limit: 64), ByteTail(limit: 64))
        tail.append(bytes)
        for piece in pieces { tails.append(piece) }
        try hold(tail.text == tails.text, "an end is the same in pieces")
        try hold(tail.text.utf8.count <= 3 * 64, "an end is bounded")
        guard let shown = PrintedText(bytes).shown else { return }
        try hold(!shown.unicodeScalars.contains(where: \.actsOnTerminal), "what was printed can be shown")
        try hold(shown.utf8.count <= 810, "what was printed is bounded")
    }
}
