import ArgumentParser
import NIOCore
import NIOWebSocket

/// `connmix-durable enduser`
struct EndUserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enduser",
        abstract: "Plays an end user: each line of stdin is a text frame, each frame that comes is a line.",
        discussion: """
            Example:  connmix-durable enduser
            Example:  connmix-durable enduser --count 1000 --rate 200/s
            Ctrl-D ends it, once no frame has come for --wait. With --json the input is {"text":"…"} a line, and the output says when
            what was sent and received. With --count it sends "message 1", "message 2" and so on, and counts the answers: frames that
            name the message's number, as those of consume --echo do, or else any, in their order. Exit code 1 where one is missing
            --timeout after the last was sent, 69 where nothing listens or the connection ends.
            """)

    @Argument(
        help: ArgumentHelp(
            "Where end users connect. Default: the development engine's first node, ws://127.0.0.1:6790/chat.", valueName: "url"))
    var url = "ws://127.0.0.1:6790/chat"
    @Option(help: ArgumentHelp("Send so many numbered messages, and count the answers.", valueName: "n"))
    var count: Int?
    @Option(help: "With --count: how fast, such as 50/s. Default: as fast as they are taken.")
    var rate: Rate?
    @Option(help: "With --count: seconds after the last message in which the answers may come. (10)")
    var timeout: Seconds?
    @Option(help: "At the end of the input: seconds without a frame after which nothing more is expected. (1)")
    var wait: Seconds?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard HostAndPort(url, scheme: "ws://") != nil else {
            throw ValidationError("there is no end user's port at \(url); it is ws://HOST:PORT/PATH, without TLS")
        }
        if let count {
            guard (1...10_000_000).contains(count) else { throw ValidationError("--count is \(count); it may be 1 to 10000000") }
            guard wait == nil else { throw ValidationError("--wait is for what is typed; with --count it is --timeout") }
        } else {
            guard rate == nil else { throw ValidationError("--rate goes with --count") }
            guard timeout == nil else { throw ValidationError("--timeout goes with --count; for what is typed it is --wait") }
        }
    }

    func run() async throws {
        guard let address = HostAndPort(url, scheme: "ws://") else { throw Failure(.usage, "\(url) is no ws:// address") }
        try await Interruption.unlessCome { [count, rate, timeout, wait, output] in
            let socket = try await EndUserSocket.connect(address)
            guard let count else {
                return try await EndUserChat(isJSON: output.json, wait: wait?.duration ?? .seconds(1)).run(socket)
            }
            try await EndUserLoad(
                count: count, rate: rate, limit: timeout?.duration ?? .seconds(10), isJSON: output.json
            ).run(socket)
        }
    }
}
