import ArgumentParser
import ConnmixDurable

/// How a command goes out, and whether its answer is waited for.
struct SendOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Wait so many seconds for the engine's answer, and print it.", valueName: "seconds"))
    var wait: Seconds?
    @Option(help: ArgumentHelp("Not sent any more after this long, such as 30s or 5m.", valueName: "age"))
    var expiresAfter: Lifetime?
    @Flag(help: "Written to a socket once; without an answer it ends as unknown.")
    var atMostOnce = false
    @Option(help: "An idempotency key: a second command with the same key is not accepted, the first one's id is printed.")
    var key: String?
    @Option(help: "The lane it keeps its order in.")
    var lane: String?

    /// A length of time as an age.
    struct Lifetime: ExpressibleByArgument {
        let duration: Duration

        init?(argument: String) {
            guard let microseconds = Age.microseconds(argument) else { return nil }
            duration = .microseconds(microseconds)
        }
    }

    /// The command with these options.
    ///
    /// - Throws: `Failure` with exit code 65 where one does not fit, by the flag's name; what the command says.
    func apply(to command: Command, node: String? = nil) throws -> Command {
        if let limit = expiresAfter?.duration, limit < .milliseconds(1) || limit > .seconds(3_650 * 86_400) {
            throw Failure(.badData, "--expires-after is \(limit.text); it may be 1ms to 3650d")
        }
        for (flag, text) in [("--key", key), ("--lane", lane), ("--node", node)] {
            guard let text, text.isEmpty || text.utf8.count > 1_024 else { continue }
            throw Failure(.badData, "\(flag) has \(text.utf8.count) bytes; it may have 1 to 1024")
        }
        return try command.with { options in
            if atMostOnce { options.delivery = .atMostOnce }
            options.expiresAfter = expiresAfter?.duration
            options.idempotencyKey = key
            options.lane = lane
            options.node = node
        }
    }
}

/// The node that calls go to.
struct NodeOptions: ParsableArguments {
    @Option(help: "The node's id. Default: every node is asked for the client; other methods go to any.")
    var node: String?
}

/// Which channels of which end user.
struct SubscriptionOptions: ParsableArguments {
    @Argument(help: "The end user's client id.")
    var client: String
    @Argument(help: "Channels; any text without spaces.")
    var channel: [String]
}

/// What is sent: an argument, or stdin.
struct DataOptions: ParsableArguments {
    @Argument(help: "The text; - reads stdin to its end, as it is.")
    var data: String
    @Flag(help: "A binary frame: the argument is base64; stdin is taken as it is.")
    var binary = false

    func payload() throws -> Command.Payload {
        guard data == "-" else {
            guard binary else { return .text(data) }
            guard let bytes = Base64.bytes(data) else {
                throw Failure(
                    .badData, "the data is not base64, which --binary needs in an argument; give it in base64, or on stdin")
            }
            return .binary(bytes)
        }
        let bytes = try InputFile.read("-", limit: Command.payloadLimit)
        if binary { return .binary(bytes) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.badData, "stdin is no text in UTF-8; say --binary to send it as it is")
        }
        return .text(text)
    }
}
