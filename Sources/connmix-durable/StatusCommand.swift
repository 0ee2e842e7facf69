import ArgumentParser
import ConnmixDurable

/// `connmix-durable status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "One screen: is a consumer running, its nodes, journal and outbox by state, the file.",
        discussion: "Example:  connmix-durable status --database /var/lib/connmix/messages.sqlite3 --json")

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let status = try options.inspector().status()
        if output.json {
            try StandardOutput().write(JSONWriter.line { $0.members(of: status) })
        } else {
            try StandardOutput().write(StatusScreen.text(status, .output))
        }
    }
}
