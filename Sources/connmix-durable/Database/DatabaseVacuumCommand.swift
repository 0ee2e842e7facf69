import ArgumentParser
import ConnmixDurable

/// `connmix-durable database vacuum`
struct DatabaseVacuumCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vacuum", abstract: "Writes the file anew without its unused pages. Not beside a consumer.",
        discussion: """
            Example:  connmix-durable database vacuum --database orders.sqlite3
            Needs twice the used space beside the file. New rows use unused pages by themselves: it is only needed where much was
            deleted and the space is wanted for something else.
            """)

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let (before, after) = try WorkWatch.during { try options.maintenance.vacuum($0) }
        if output.json {
            try StandardOutput().write(
                JSONWriter.line { writer in
                    writer.key("bytes_before"); writer.integer(before)
                    writer.key("bytes_after"); writer.integer(after)
                })
        } else {
            try StandardOutput().write("\(ByteText.text(before)) before, \(ByteText.text(after)) now\n")
        }
    }
}
