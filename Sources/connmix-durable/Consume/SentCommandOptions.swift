import ArgumentParser
import ConnmixDurable

/// What becomes of the commands that a handler sends.
struct SentCommandOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Answers that the end user is gone (401), a quarter of a second apart, after which a frame for it is dead. For its other \
            frames one is enough then. (3)
            """,
            valueName: "n"))
    var goneTries: Int?
    @Flag(
        help: "The other commands for an end user who is gone are dead at once, without being sent. Default: each is sent once.")
    var buryGoneClients = false
    @Flag(
        help: """
            Send methods, and functions of conn.call, that connmix is not known to have. Default: they fail the attempt, since they \
            are nearly always typing errors.
            """)
    var anyMethod = false

    func validate() throws {
        guard goneTries.map({ $0 >= 1 }) ?? true else {
            throw ValidationError("--gone-tries is \(goneTries ?? 0); it must be at least 1")
        }
    }

    func apply(to configuration: inout ConsumerConfiguration) {
        if let goneTries { configuration.commandRetry.maxUnreachableAnswers = goneTries }
        configuration.commandRetry.buriesCommandsOfGoneClients = buryGoneClients
    }
}
