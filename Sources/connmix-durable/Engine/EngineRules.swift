import ConnmixDevEngine

/// What the development engine does in the place of connmix's Lua code, in words.
struct EngineRules {
    let topics: [String]
    let authKey: String
    let acknowledgeKey: String?
    let decodesFrames: Bool
    let connectionEvents: Bool
    let dialect: DevEngine.Dialect

    /// For the start.
    var lines: [String] {
        var lines: [String] = []
        let first = topics.first ?? ""
        let form =
            "as {\"frame\":{\"type\":\"text\",\"data\":…}}, "
            + (decodesFrames ? "with a JSON object decoded (--decode-frames)" : "with data as the text (--decode-frames)")
            + "; binary frames go nowhere."
        lines.append(
            topics.count == 1
                ? "An end user's text frame goes to topic \(first) \(form)"
                : "An end user's text frame goes to the topic that it names, {\"topic\":…} of \(topics.joined(separator: ", ")), "
                    + "else to \(first), \(form)")
        lines.append(
            "After {\"op\":\"auth\"} or {\"op\":\"userauth\"} its next frames wait until a command sets its context value \(authKey) "
                + "(--auth-key), which events then have as uid.")
        if let key = acknowledgeKey {
            lines.append(
                "After a frame with a member n its next frames wait until its context value \(key) is n; "
                    + "then it is told {\"ack\":n}.")
        }
        if connectionEvents {
            lines.append("Events say handshake, message or close; topic \(first) has those of connections, with headers.")
        }
        let params = dialect == .docs ? "{\"t\":[…]}" : "[…]"
        lines.append("Consumers have to speak \(dialect.rawValue): queue.pop with \(params) (--dialect).")
        return lines
    }

    /// With what can be done about it here.
    static func line(_ notice: DevEngine.Notice) -> String {
        let hint =
            switch notice.kind {
            case .otherKey: "; --auth-key and --acknowledge name the keys"
            case .otherDialect: "; --dialect chooses"
            case .unconsumed: "; --topic names the topics"
            case .unknownClient, .longWait, .refused, .dropped: ""
            }
        return "connmix-durable: \(notice)\(hint)"
    }
}
