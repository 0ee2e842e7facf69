import ArgumentParser

/// `connmix-durable lanes`
struct LanesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lanes", abstract: "Lanes that stand still, and what they stand behind.",
        discussion: "Example:  connmix-durable lanes list",
        subcommands: [
            LanesListCommand.self, LanesShowCommand.self, LanesSkipCommand.self, LanesReleaseCommand.self,
        ])
}
