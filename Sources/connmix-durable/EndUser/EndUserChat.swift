import FoundationEssentials
import NIOCore

/// Lines in, frames out.
struct EndUserChat {
    let isJSON: Bool
    /// Without a frame, at the end of the input.
    let wait: Duration

    private enum End {
        case input
        case connection(UInt16?)
    }

    func run(_ socket: EndUserSocket) async throws {
        if Terminal.error.width != nil {
            StandardError.write(line: "connected; each line is a frame, Ctrl-D ends")
        }
        let last = Guarded(ContinuousClock.now)
        try await socket.channel.executeThenClose { inbound, writer in
            try await withThrowingTaskGroup(of: End.self) { group in
                group.addTask {
                    let code = try await EndUserSocket.read(inbound, writer) { event in
                        last.change { $0 = .now }
                        try StandardOutput().write(isJSON ? Self.json(event, at: Timestamp.now()) : Self.line(event))
                    }
                    if isJSON { try StandardOutput().write(Self.closed(code, at: Timestamp.now())) }
                    return .connection(code)
                }
                group.addTask {
                    try await send(writer)
                    last.change { $0 = .now }
                    while true {
                        let rest = wait - (ContinuousClock.now - last.value)
                        guard rest > .zero else { return .input }
                        try await Task.sleep(for: rest)
                    }
                }
                defer { group.cancelAll() }
                switch try await group.next() {
                case .connection(let code): throw socket.closed(code)
                case .input, nil: await EndUserSocket.close(writer)
                }
            }
        }
    }

    private func send(_ writer: EndUserSocket.Writer) async throws {
        let lines = InputLines()
        while let line = try await lines.next() {
            let text = isJSON ? try Self.text(line, number: lines.number) : line
            guard let text else { continue }
            try await writer.write(EndUserSocket.text(text))
            guard isJSON else { continue }
            try StandardOutput().write(
                JSONWriter.line { writer in
                    writer.key("time"); writer.time(Timestamp.now())
                    writer.key("event"); writer.string("sent")
                    writer.key("text"); writer.string(text)
                })
        }
    }

    private struct Input: Decodable {
        let text: String
    }

    /// Of a line of JSON; `nil` for a blank one.
    static func text(_ line: String, number: Int) throws -> String? {
        guard line.contains(where: { !$0.isWhitespace }) else { return nil }
        guard let input = try? JSONDecoder().decode(Input.self, from: Data(line.utf8)) else {
            throw Failure(
                .badData, "line \(number) of stdin is not {\"text\":\"…\"}; without --json each line is a frame as it is")
        }
        return input.text
    }

    static func line(_ event: EndUserSocket.Event) -> [UInt8] {
        switch event {
        case .text(let text): Array((text.escapedForTerminal + "\n").utf8)
        case .binary(let bytes): Array("binary, \(bytes.count) bytes: \(Base64.text(bytes))\n".utf8)
        }
    }

    private static func closed(_ code: UInt16?, at time: Int64) -> [UInt8] {
        JSONWriter.line { writer in
            writer.key("time"); writer.time(time)
            writer.key("event"); writer.string("closed")
            writer.key("code"); writer.integer(code)
        }
    }

    static func json(_ event: EndUserSocket.Event, at time: Int64) -> [UInt8] {
        JSONWriter.line { writer in
            writer.key("time"); writer.time(time)
            writer.key("event"); writer.string("received")
            switch event {
            case .text(let text):
                writer.key("text"); writer.string(text)
            case .binary(let bytes):
                writer.key("data_base64"); writer.string(Base64.text(bytes))
            }
        }
    }
}
