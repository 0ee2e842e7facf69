import ConnmixDurable

/// The keys of CLI.md; a contract.
extension JSONWriter {
    mutating func members(of entry: JournalRecord) {
        key("id"); integer(entry.id)
        key("topic"); string(entry.topic)
        key("node"); string(entry.node)
        key("client"); string(entry.client)
        key("state"); string(entry.state.description)
        key("attempts"); integer(entry.attempts)
        key("received_at"); time(entry.receivedAt)
        key("available_at"); time(entry.availableAt)
        key("finished_at"); time(entry.finishedAt)
        key("last_error"); string(entry.lastError)
        key("handler_version"); string(entry.handlerVersion)
        key("replay_of"); integer(entry.replayOf)
        key("dedupe_key"); string(entry.dedupeKey)
        data(entry.data)
    }

    mutating func log(of attempts: [AttemptRecord]) {
        key("attempts_log")
        array(attempts) { writer, attempt in
            writer.object { writer in
                writer.key("attempt"); writer.integer(attempt.attempt)
                writer.key("started_at"); writer.time(attempt.startedAt)
                writer.key("ended_at"); writer.time(attempt.endedAt)
                writer.key("outcome"); writer.string(attempt.outcome.description)
                writer.key("error"); writer.string(attempt.error)
            }
        }
    }

    /// - Parameter waiting: what the running consumer's commands wait for, where that is known.
    mutating func members(of command: OutboxRecord, waiting: [StatusReport.Waiting] = []) {
        key("id"); integer(command.id)
        key("message_id"); integer(command.messageID)
        key("kind"); string(command.kind)
        key("client"); string(command.client)
        key("channel"); string(command.channel)
        key("function"); string(command.function)
        key("lane"); string(command.lane)
        key("node"); string(command.node)
        key("state"); string(command.state.description)
        key("attempts"); integer(command.attempts)
        key("writes"); integer(command.writes)
        key("enqueued_at"); time(command.enqueuedAt)
        key("available_at"); time(command.availableAt)
        key("expires_at"); time(command.expiresAt)
        key("settled_at"); time(command.settledAt)
        let awaited = command.awaited(among: waiting)
        key("waits_for"); string(awaited?.node)
        key("waiting_since"); time(awaited?.since)
        key("last_error"); string(command.lastError)
        key("code"); integer(command.code)
        key("delivered"); integer(command.delivered)
        key("failed"); integer(command.failed)
        payload(command.data, of: command.type)
        key("type"); string(command.type.rawValue)
    }

    /// A command's payload: a frame's text, a binary frame's bytes in base64, or JSON as it is sent.
    mutating func payload(_ data: [UInt8]?, of type: OutboxRecord.DataType) {
        guard let data else { return }
        switch type {
        case .text: key("data"); string(String(decoding: data, as: UTF8.self))
        case .binary: key("data"); string(Base64.text(data))
        case .json: self.data(data)
        }
    }
}
