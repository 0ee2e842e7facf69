import ConnmixDurable

/// Puts commands into the outbox and says what came of them.
struct CommandSender {
    let database: DatabaseOptions
    let output: OutputOptions
    let options: SendOptions

    /// - Throws: `Failure` with exit code 1 where one was refused or not answered in time.
    func send(_ commands: [Command]) async throws {
        if options.wait != nil { Interruption.watch() }
        let outbox = try SharedOutbox(database: database.database)
        let ids = try outbox.enqueue(commands)
        guard let wait = options.wait else {
            return try StandardOutput().write(ids: ids, asJSON: output.json)
        }
        let deadline = ContinuousClock.now + wait.duration
        var refused = 0
        for id in ids {
            let answer = try await answer(to: id, outbox, within: deadline - .now)
            try StandardOutput().write(output.json ? json(id, answer) : text(id, answer))
            if !answer.isSuccess { refused += 1 }
        }
        guard refused == 0 else {
            throw Failure(
                .failed, ids.count == 1 ? "the command was not taken" : "\(refused) of \(ids.count) commands were not taken")
        }
    }

    /// Ctrl-C ends the wait; the command goes on being sent.
    private func answer(to id: Int64, _ outbox: SharedOutbox, within limit: Duration) async throws -> Receipt.Answer {
        do {
            return try await Interruption.unlessCome { try await outbox.answer(to: id, within: max(.zero, limit)) }
        } catch let error as ConnmixError where error.code == .timedOut {
            let isRunning = try database.inspector().status().consumer.isRunning
            // As it was asked for, whatever was left of that for this one.
            let words = "command \(id) was not answered within \((options.wait?.duration ?? limit).text)"
            let further =
                switch (options.atMostOnce, isRunning) {
                case (false, true): "it goes on being sent"
                case (false, false): "it goes on being sent once a consumer runs: none does"
                case (true, true): "it is sent once at most, and is unknown where no answer comes"
                case (true, false): "it is sent, once at most, when a consumer runs: none does"
                }
            throw Failure(.failed, "\(words); \(further)")
        }
    }

    private func json(_ id: Int64, _ answer: Receipt.Answer) -> [UInt8] {
        JSONWriter.line { writer in
            writer.key("id"); writer.integer(id)
            writer.key("state"); writer.string(answer.state.description)
            writer.key("node"); writer.string(answer.node)
            writer.key("code"); writer.integer(answer.code?.rawValue)
            writer.key("error"); writer.string(answer.error)
            writer.key("delivered"); writer.integer(answer.delivered)
            writer.key("failed"); writer.integer(answer.failed)
        }
    }

    private func text(_ id: Int64, _ answer: Receipt.Answer) -> [UInt8] {
        var text = "command \(id): \(answer.state)"
        if let node = answer.node { text += " by node \(node)" }
        if let delivered = answer.delivered { text += ", delivered to \(delivered), failed for \(answer.failed ?? 0)" }
        if let error = answer.error { text += ": \(error)" }
        if let code = answer.code, answer.error == nil { text += ": error \(code.rawValue)" }
        return Array((text.escapedForTerminal + "\n").utf8)
    }
}
