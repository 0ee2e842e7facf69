import NIOCore

/// Sends numbered messages and counts the answers.
struct EndUserLoad {
    /// So many go at once where no rate is given.
    private static let batch = 64

    let count: Int
    let rate: Rate?
    /// For answers, after the last message.
    let limit: Duration
    let isJSON: Bool

    private enum End {
        case complete, timeout, connection(UInt16?)
    }

    /// - Throws: `Failure` with exit code 1 where a message was not answered.
    func run(_ socket: EndUserSocket) async throws {
        let answers = Guarded(AnswerCount(count: count))
        let begin = ContinuousClock.now
        let end = try await socket.channel.executeThenClose { inbound, writer in
            try await withThrowingTaskGroup(of: End?.self) { group in
                group.addTask {
                    let code = try await EndUserSocket.read(inbound, writer) { event in
                        guard case .text(let text) = event else { return }
                        let isComplete = answers.change { answers in
                            answers.receive(text, now: .now)
                            return answers.isComplete
                        }
                        if isComplete { throw Complete() }
                    }
                    return .connection(code)
                }
                group.addTask {
                    try await send(writer, since: begin) { answers.change { $0.send(now: .now) } }
                    try await Task.sleep(for: limit)
                    return .timeout
                }
                defer { group.cancelAll() }
                let end: End
                do {
                    end = try await group.next().flatMap { $0 } ?? .timeout
                } catch is Complete {
                    end = .complete
                }
                await EndUserSocket.close(writer)
                return end
            }
        }
        let (result, elapsed) = (answers.value, ContinuousClock.now - begin)
        try StandardOutput().write(isJSON ? Self.json(result, elapsed) : Self.text(result, elapsed))
        switch end {
        case .complete: return
        case .connection(let code): throw socket.closed(code)
        case .timeout:
            throw Failure(.failed, "\(count - result.answered) of \(count) messages were not answered in time; see --timeout")
        }
    }

    private struct Complete: Error {}

    private func send(
        _ writer: EndUserSocket.Writer, since begin: ContinuousClock.Instant, _ note: @Sendable () -> Void
    ) async throws {
        var sent = 0
        while sent < count {
            var most = min(Self.batch, count - sent)
            if let rate {
                let due = Int(min(Double(count), (ContinuousClock.now - begin) / .seconds(1) * rate.perSecond + 1))
                most = min(most, due - sent)
                guard most > 0 else {
                    try await Task.sleep(until: begin + .seconds(Double(sent) / rate.perSecond))
                    continue
                }
            }
            let frames = (sent + 1...sent + most).map { EndUserSocket.text(AnswerCount.text($0)) }
            for _ in frames { note() }
            try await writer.write(contentsOf: frames)
            sent += most
        }
    }

    private static func text(_ result: AnswerCount, _ elapsed: Duration) -> [UInt8] {
        var sheet = FactSheet()
        sheet.add("sent", "\(result.sent)", .bold)
        sheet.add("answered", "\(result.answered)", result.isComplete ? .green : .red)
        if result.repeats > 0 { sheet.add("answered again", "\(result.repeats)") }
        if result.others > 0 { sheet.add("other frames", "\(result.others)") }
        sheet.add("p50", milliseconds(result.latency(0.5)))
        sheet.add("p99", milliseconds(result.latency(0.99)))
        sheet.add("took", milliseconds(elapsed))
        return Array(sheet.text(.output).utf8)
    }

    private static func milliseconds(_ duration: Duration?) -> String? {
        duration.map { "\((($0 / .microseconds(1)) / 100).rounded() / 10) ms" }
    }

    private static func json(_ result: AnswerCount, _ elapsed: Duration) -> [UInt8] {
        JSONWriter.line { writer in
            writer.key("sent"); writer.integer(result.sent)
            writer.key("answered"); writer.integer(result.answered)
            writer.key("repeats"); writer.integer(result.repeats)
            writer.key("others"); writer.integer(result.others)
            writer.key("p50_seconds"); writer.number(result.latency(0.5).map { $0 / .seconds(1) })
            writer.key("p99_seconds"); writer.number(result.latency(0.99).map { $0 / .seconds(1) })
            writer.key("elapsed_seconds"); writer.number(elapsed / .seconds(1))
        }
    }
}
