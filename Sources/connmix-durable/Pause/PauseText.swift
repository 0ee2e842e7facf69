import ConnmixDurable

extension TopicPause {
    /// One line: what, for how long, by whom and why.
    func text(now: Int64) -> String {
        let what = topic ?? "all topics"
        let kind = holdsIntake ? "not popped and not handled" : "not handled"
        return "\(what): \(kind), for \(Age.text(since, now: now)), by \(actor)\(reason.map { ": \($0)" } ?? "")"
    }
}

extension ProbedTopic {
    /// One line: what fails, for how long and why.
    func text(now: Int64) -> String {
        "\(topic): one message at a time, for \(Age.text(since, now: now)), since all failed with \(cause)"
    }
}

extension PauseReport {
    /// What was done, and what is paused now.
    func write(_ verb: OperatorVerb, json: Bool) throws {
        guard !json else {
            return try StandardOutput().write(JSONWriter.line { write(verb, to: &$0) })
        }
        let names = changed.map { $0?.escapedForTerminal ?? "all topics" }.joined(separator: ", ")
        let goesOn = verb == .pause ? "paused" : "goes on"
        var text = "\(names): \(goesOn) (action \(action))\n"
        if verb == .resume {
            for pause in left { text += "still paused: \(pause.text(now: Timestamp.now()).escapedForTerminal)\n" }
        }
        try StandardOutput().write(text)
    }

    func write(_ verb: OperatorVerb, to writer: inout JSONWriter) {
        writer.key("action"); writer.integer(action)
        writer.key("verb"); writer.string(verb.rawValue)
        writer.key("topics"); writer.array(changed) { $0.string($1) }
        writer.key("paused"); writer.array(left) { writer, pause in writer.object { $0.members(of: pause) } }
    }
}

extension JSONWriter {
    mutating func members(of pause: TopicPause) {
        key("topic"); string(pause.topic)
        key("intake"); bool(pause.holdsIntake)
        key("since"); time(pause.since)
        key("actor"); string(pause.actor)
        key("reason"); string(pause.reason)
    }
}
